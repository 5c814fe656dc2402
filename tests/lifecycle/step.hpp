// SPDX-License-Identifier: Apache-2.0
/// What the driver asks an actor to do, and what the actor answers.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "value.hpp"

namespace evo::test::lifecycle {

/// One operation of a sequence. A step whose operation makes no sense at that moment is skipped, so
/// every part of a sequence is a sequence.
struct Step {
  std::uint16_t operation = 0;  ///< index in operations()
  std::uint16_t actor = 0;
  std::uint16_t segment = 0;   ///< index in segments()
  std::uint16_t argument = 0;  ///< each operation uses it in its own way
};

/// An operation may write as many values.
constexpr Ticket kTicketsOfAStep = 16;

/// Over the socket to the actor.
struct Request {
  Step step;
  Ticket ticket = 0;  ///< the first of kTicketsOfAStep
};

/// A short text that fits into a message between processes.
template <std::size_t kSize>
struct ShortText {
  std::array<char, kSize> characters{};

  void operator=(std::string_view text) {
    const std::size_t count = text.size() < kSize ? text.size() : kSize - 1;
    characters = {};
    std::memcpy(characters.data(), text.data(), count);
  }
  [[nodiscard]] std::string_view view() const { return characters.data(); }
};

struct Reply {
  /// The operation stopped in the middle of its copy, and waits for `resume`.
  bool halted = false;
  /// What was read is a whole value.
  bool whole = false;
  ShortText<24> outcome;       ///< "ok" or the name of the error
  Ticket ticket = 0;           ///< of the value that was read
  std::uint64_t sequence = 0;  ///< number of the publish
  std::uint64_t lost = 0;
  std::uint64_t count = 0;
  ShortText<200> text;  ///< the message of an error
};
static_assert(std::is_trivially_copyable_v<Request> && std::is_trivially_copyable_v<Reply>);

}  // namespace evo::test::lifecycle
