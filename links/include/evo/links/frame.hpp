// SPDX-License-Identifier: Apache-2.0
/// One message in a ring of bytes, or a part of one. All numbers are little-endian.
///
///     0   magic     u32   0x4b4c5645, in bytes "EVLK"; 0: there is no frame yet
///     4   length    u32   bytes of payload
///     8   id        u64   of the message
///    16   crc32c    u32   of id, length, bytes 20 to 23 and payload, in this order; 0 in a link
///                         without checksums
///    20   type      u16   what the message is
///    22   version   u8    1
///    23   flags     u8    bits: kMoreFollows, kGoodbye
///    24   payload
///
/// I1: a frame begins at a cache line, so a payload of up to 40 bytes shares the header's line.
/// I2: bytes 0 to 7, the commit word, are stored last and in one piece. So one line carries a small
///     message, and a receiver that waits for the next frame polls the line that brings it. It
///     sleeps on the magic, which changes with every frame, even with an empty one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "evo/detail/copy.hpp"
#include "evo/format/crc32c.hpp"
#include "evo/format/slot.hpp"

namespace evo::links {

inline constexpr std::uint32_t kFrameMagic = 0x4b4c5645;
inline constexpr std::uint8_t kFrameVersion = 1;
inline constexpr std::size_t kFrameHeaderSize = 24;  ///< bytes
inline constexpr std::size_t kFrameAlignment = kCacheLine;

// Bits of a frame's flags. All others are zero.
inline constexpr std::uint8_t kMoreFollows = 1;  ///< the next frame continues this message
inline constexpr std::uint8_t kGoodbye = 2;      ///< the sender has closed; no frame follows
inline constexpr std::uint8_t kKnownFlags = kMoreFollows | kGoodbye;

/// What a frame says about its payload.
struct FrameInfo {
  std::uint64_t id = 0;
  std::uint32_t length = 0;  ///< bytes
  std::uint16_t type = 0;
  std::uint8_t flags = 0;

  friend bool operator==(const FrameInfo&, const FrameInfo&) = default;
};

/// Bytes of ring that a frame takes.
constexpr std::size_t frame_size(std::size_t payload) {
  return align_up(kFrameHeaderSize + payload, kFrameAlignment);
}

/// The longest payload of one frame in a ring of this size. Two such frames fit, and the line
/// behind them: so a sender can fill one half while the receiver empties the other.
constexpr std::size_t longest_payload(std::size_t ring_size) {
  return ring_size / 2 - kFrameAlignment - kFrameHeaderSize;
}

// The words of a header.
constexpr std::uint64_t commit_word(const FrameInfo& info) {
  return std::uint64_t{info.length} << 32 | kFrameMagic;
}
constexpr std::uint32_t kind_word(const FrameInfo& info) {
  return std::uint32_t{info.flags} << 24 | std::uint32_t{kFrameVersion} << 16 | info.type;
}

/// The checksum of a frame whose payload is in private memory.
inline std::uint32_t frame_checksum(const FrameInfo& info, const void* payload) noexcept {
  std::array<std::uint32_t, 4> head{};
  std::memcpy(head.data(), &info.id, sizeof(info.id));
  head[2] = info.length;
  head[3] = kind_word(info);
  return crc32c(payload, info.length, crc32c(head.data(), sizeof(head)));
}

/// How many bytes of a ring one side has sent or taken since the beginning; never wraps.
using Position = detail::sync::atomic<std::uint64_t>;

/// Whether a ring can have this size: a power of two, with room for two frames of one line and the
/// line behind them.
constexpr bool is_ring_size(std::size_t size) {
  return size >= 4 * kFrameAlignment && (size & (size - 1)) == 0;
}

}  // namespace evo::links
