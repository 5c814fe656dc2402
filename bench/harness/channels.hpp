// SPDX-License-Identifier: Apache-2.0
/// Segments of every size for measurements, as the generator would declare them.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "evo/channel.hpp"
#include "evo/state_reader.hpp"
#include "evo/state_writer.hpp"
#include "evo/stream_reader.hpp"
#include "evo/stream_writer.hpp"
#include "harness/processes.hpp"

namespace evo::bench {

/// A value whose first and last words hold its number.
template <std::size_t kBytes>
struct Payload {
  std::array<std::uint64_t, kBytes / 8> words{};

  void number(std::uint64_t n) {
    words.front() = n;
    words.back() = n;
  }
  /// The number; 0 if the first and last words differ.
  [[nodiscard]] std::uint64_t number() const {
    return words.front() == words.back() ? words.front() : 0;
  }
};

template <std::size_t kBytes>
struct BenchChannel {
  using Value = Payload<kBytes>;
  static constexpr std::string_view name = "bench";
  static constexpr std::string_view owner = "bench";
  static constexpr std::size_t size = kBytes;
  static constexpr std::size_t alignment = 8;
  static constexpr std::chrono::nanoseconds period{0};
  static constexpr std::chrono::nanoseconds max_age{0};
  static constexpr Checksum checksum = Checksum::None;
  static constexpr Access access = Access::Owner;
  static constexpr LayoutVersion version{1, 0};
  static constexpr SchemaId schema_id{};
  static constexpr std::array<CompatibleLayout, 0> compatible{};
  static constexpr std::array<FieldInfo, 0> fields{};
  static constexpr std::array<std::uint8_t, 0> bfbs{};
};

template <std::size_t kBytes, Stamp kStamp = Stamp::None, std::uint32_t kSlots = 4>
struct BenchState : BenchChannel<kBytes> {
  static constexpr Kind kind = Kind::State;
  static constexpr std::uint32_t slots = kSlots;
  static constexpr Overflow overflow = Overflow::Overwrite;
  static constexpr std::uint32_t max_readers = 2048;
  static constexpr Stamp stamp = kStamp;
};

template <std::size_t kBytes, Overflow kOverflow>
struct BenchStream : BenchChannel<kBytes> {
  static constexpr Kind kind = Kind::Stream;
  static constexpr std::uint32_t slots = 1024;
  static constexpr Overflow overflow = kOverflow;
  static constexpr std::uint32_t max_readers = 64;
  static constexpr Stamp stamp = Stamp::None;
};

/// The counterpart of the generated classes of a channel.
template <class Channel, template <class> class End>
class BenchWriter : public End<Channel> {
 public:
  static Result<BenchWriter> create(WriterOptions options) {
    return End<Channel>::template create_as<BenchWriter>(std::move(options));
  }

 private:
  friend End<Channel>;
  using End<Channel>::End;
};

template <class Channel, template <class> class End>
class BenchReader : public End<Channel> {
 public:
  static Result<BenchReader> attach(ReaderOptions options) {
    return End<Channel>::template attach_as<BenchReader>(std::move(options));
  }

  /// The second word of a state, like a field accessor.
  [[nodiscard]] ReadResult<std::uint64_t> second() const noexcept {
    return this->template field<std::uint64_t, 8>();
  }

 private:
  friend End<Channel>;
  using End<Channel>::End;
};

template <class Channel>
using BenchStateWriter = BenchWriter<Channel, StateWriter>;
template <class Channel>
using BenchStateReader = BenchReader<Channel, StateReader>;
template <class Channel>
using BenchStreamWriter = BenchWriter<Channel, StreamWriter>;
template <class Channel>
using BenchStreamReader = BenchReader<Channel, StreamReader>;

/// Creates or attaches an endpoint; ends the process on failure.
template <class Writer>
Writer created(const Domain& domain) {
  auto writer = Writer::create({.domain = domain});
  if (!writer) give_up(writer.error().message);
  return std::move(*writer);
}

template <class Reader>
Reader attached(const Domain& domain) {
  auto reader = Reader::attach({.domain = domain});
  if (!reader) give_up(reader.error().message);
  return std::move(*reader);
}

}  // namespace evo::bench
