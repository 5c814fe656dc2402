// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "evo/error.hpp"

namespace evo {

/// Why a connection of a link did not send or receive.
enum class LinkError : std::uint8_t {
  WouldBlock,  ///< the ring is full, and no time was given
  Timeout,     ///< the time given has passed
  TooLong,     ///< the message is longer than the link, or an attempt without waiting, allows
  Closed,      ///< one of the two ends was closed; everything sent before was received
  PeerDied,    ///< the other end's process is dead; everything that it sent was received
  Damaged,     ///< the other end's ring holds something that is no message
};

[[nodiscard]] std::string_view to_string(LinkError error) noexcept;

template <class T>
using LinkResult = tl::expected<T, LinkError>;

/// One message. Both sides choose what `id` and `type` mean.
struct LinkMessage {
  std::uint64_t id = 0;
  std::uint16_t type = 0;
  std::span<const std::byte> payload = {};
};

}  // namespace evo
