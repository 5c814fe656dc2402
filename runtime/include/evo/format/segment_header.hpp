// SPDX-License-Identifier: Apache-2.0
/// The first 256 bytes of a segment's data file. See segment_format.md.
///
///   line 0, polled by readers
///       0  magic              u64   "EVO_SHM\0"
///       8  version            u64   2n after publish n; never odd
///      16  writer_pid         u32   advice
///      20  (zero)             u32   readers are counted by their locks
///      24  size               u64   of the data file
///      32  created_ns         u64   CLOCK_MONOTONIC
///      40  last_write_ns      u64   CLOCK_MONOTONIC; zero without stamps
///      48  checksum           u32   CRC32C of the constant fields
///      52  (zero)             12 bytes
///   line 1
///      64  generation         u64   incarnation that created this file
///      72  boot_id            16 bytes
///      88  created_realtime_ns u64  CLOCK_REALTIME
///      96  (zero)             32 bytes
///   lines 2 and 3
///     128  format             u16   version of this format
///     130  format_min         u16   oldest reader format that can read it
///     132  kind, overflow, stamp, checksum_kind   u8 each
///     136  schema_id          32 bytes
///     168  slots              u32   for a stream, capacity + 1
///     172  payload_offset     u32   from the start of a slot
///     176  payload_size       u64
///     184  stride             u64
///     192  slots_offset       u64   page-aligned
///     200  schema_offset      u32
///     204  schema_size        u32   bytes of .bfbs
///     208  compatible_offset  u32
///     212  compatible_count   u32   entries of CompatibleEntry
///     216  period_ns          u64
///     224  max_age_ns         u64
///     232  max_readers        u32
///     236  version_major, version_minor   u16 each
///     240  payload_alignment  u32
///     244  (zero)             12 bytes
///
/// I1: constant fields are written before the file receives its name and never again, so
///     their checksum is correct at every moment. The others are `version`, `writer_pid`
///     and `last_write_ns`.
/// I2: a reader copies what it needs once, checks it, and never reads it again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "evo/channel.hpp"
#include "evo/detail/atomic.hpp"
#include "evo/error.hpp"
#include "evo/format/slot.hpp"

namespace evo {

inline constexpr std::uint64_t kSegmentMagic = 0x004D48535F4F5645U;
/// The magic of format 1: the same bytes in reverse order.
inline constexpr std::uint64_t kFormerSegmentMagic = 0x45564F5F53484D00U;
/// The format that this build writes, and the oldest one that it reads.
inline constexpr std::uint16_t kFormatVersion = 2;
inline constexpr std::uint16_t kOldestReadableFormat = 2;
inline constexpr std::uint64_t kPageSize = 4096;
inline constexpr std::uint64_t kMinimumFileSize = 4096;
inline constexpr std::uint64_t kMaximumFileSize = std::uint64_t{1} << 30;
/// Limits on what a reader copies of a segment's description of itself.
inline constexpr std::uint32_t kMaximumSchemaSize = std::uint32_t{4} << 20;
inline constexpr std::uint32_t kMaximumCompatible = 4096;

struct SegmentHeader {
  std::uint64_t magic = kSegmentMagic;
  detail::sync::atomic<std::uint64_t> version{0};
  detail::sync::atomic<std::uint32_t> writer_pid{0};
  std::uint32_t reserved0 = 0;
  std::uint64_t size = 0;
  std::uint64_t created_ns = 0;
  detail::sync::atomic<std::uint64_t> last_write_ns{0};
  std::uint32_t checksum = 0;
  std::array<std::uint8_t, 12> reserved1{};

  std::uint64_t generation = 0;
  std::array<std::uint8_t, 16> boot_id{};
  std::uint64_t created_realtime_ns = 0;
  std::array<std::uint8_t, 32> reserved2{};

  std::uint16_t format = kFormatVersion;
  std::uint16_t format_min = kFormatVersion;
  std::uint8_t kind = 0;
  std::uint8_t overflow = 0;
  std::uint8_t stamp = 0;
  std::uint8_t checksum_kind = 0;
  std::array<std::uint8_t, 32> schema_id{};
  std::uint32_t slots = 0;
  std::uint32_t payload_offset = 0;
  std::uint64_t payload_size = 0;
  std::uint64_t stride = 0;
  std::uint64_t slots_offset = 0;
  std::uint32_t schema_offset = 0;
  std::uint32_t schema_size = 0;
  std::uint32_t compatible_offset = 0;
  std::uint32_t compatible_count = 0;
  std::uint64_t period_ns = 0;
  std::uint64_t max_age_ns = 0;
  std::uint32_t max_readers = 0;
  std::uint16_t version_major = 0;
  std::uint16_t version_minor = 0;
  std::uint32_t payload_alignment = 0;
  std::array<std::uint8_t, 12> reserved3{};
};

static_assert(sizeof(SegmentHeader) == 256 && alignof(SegmentHeader) == 8);
static_assert(offsetof(SegmentHeader, magic) == 0);
static_assert(offsetof(SegmentHeader, version) == 8);
static_assert(offsetof(SegmentHeader, writer_pid) == 16);
static_assert(offsetof(SegmentHeader, size) == 24);
static_assert(offsetof(SegmentHeader, created_ns) == 32);
static_assert(offsetof(SegmentHeader, last_write_ns) == 40);
static_assert(offsetof(SegmentHeader, checksum) == 48);
static_assert(offsetof(SegmentHeader, generation) == 64);
static_assert(offsetof(SegmentHeader, boot_id) == 72);
static_assert(offsetof(SegmentHeader, created_realtime_ns) == 88);
static_assert(offsetof(SegmentHeader, format) == 128);
static_assert(offsetof(SegmentHeader, format_min) == 130);
static_assert(offsetof(SegmentHeader, kind) == 132);
static_assert(offsetof(SegmentHeader, overflow) == 133);
static_assert(offsetof(SegmentHeader, stamp) == 134);
static_assert(offsetof(SegmentHeader, checksum_kind) == 135);
static_assert(offsetof(SegmentHeader, schema_id) == 136);
static_assert(offsetof(SegmentHeader, slots) == 168);
static_assert(offsetof(SegmentHeader, payload_offset) == 172);
static_assert(offsetof(SegmentHeader, payload_size) == 176);
static_assert(offsetof(SegmentHeader, stride) == 184);
static_assert(offsetof(SegmentHeader, slots_offset) == 192);
static_assert(offsetof(SegmentHeader, schema_offset) == 200);
static_assert(offsetof(SegmentHeader, schema_size) == 204);
static_assert(offsetof(SegmentHeader, compatible_offset) == 208);
static_assert(offsetof(SegmentHeader, compatible_count) == 212);
static_assert(offsetof(SegmentHeader, period_ns) == 216);
static_assert(offsetof(SegmentHeader, max_age_ns) == 224);
static_assert(offsetof(SegmentHeader, max_readers) == 232);
static_assert(offsetof(SegmentHeader, version_major) == 236);
static_assert(offsetof(SegmentHeader, version_minor) == 238);
static_assert(offsetof(SegmentHeader, payload_alignment) == 240);

/// One earlier layout, from which readers of this segment may have been built.
struct CompatibleEntry {
  std::array<std::uint8_t, 32> id{};
  std::uint16_t version_major = 0;
  std::uint16_t version_minor = 0;
  std::uint32_t field_count = 0;
  std::uint64_t size = 0;
};
static_assert(sizeof(CompatibleEntry) == 48 && alignof(CompatibleEntry) == 8);

/// The contents of a checked header, copied out of shared memory.
struct SegmentLayout {
  std::uint64_t file_size = 0;
  std::uint64_t generation = 0;
  std::array<std::uint8_t, 16> boot_id{};
  std::uint64_t created_realtime_ns = 0;
  Kind kind = Kind::State;
  Overflow overflow = Overflow::Overwrite;
  SchemaId schema_id;
  LayoutVersion version;
  SlotGeometry geometry;
  std::uint32_t payload_alignment = 0;
  std::uint64_t slots_offset = 0;
  std::uint32_t schema_offset = 0;
  std::uint32_t schema_size = 0;
  std::uint32_t compatible_offset = 0;
  std::uint32_t compatible_count = 0;
  std::uint64_t period_ns = 0;
  std::uint64_t max_age_ns = 0;
  std::uint32_t max_readers = 0;

  /// Number of values kept: the slots of a state, the capacity of a stream. For a link, the number
  /// of connections.
  [[nodiscard]] std::uint32_t capacity() const {
    return kind == Kind::Stream ? geometry.count - 1 : geometry.count;
  }

  /// Bytes that endpoints map from the beginning of the file. Those of links map the connections
  /// that they use besides.
  [[nodiscard]] std::uint64_t mapped_size() const {
    return kind == Kind::Link ? slots_offset : file_size;
  }

  friend bool operator==(const SegmentLayout&, const SegmentLayout&) = default;
};

/// Pages before the connections of a link: what its server writes for all clients, and what all
/// clients write.
inline constexpr std::uint64_t kLinkPages = 2;
inline constexpr std::uint32_t kMaximumConnections = 1024;
inline constexpr std::uint64_t kMaximumRing = std::uint64_t{16} << 20;

namespace detail {

/// Plans the data file of a channel: where each part goes and how large the file is.
Result<SegmentLayout> plan_layout(const ChannelDescription& channel);

/// Fills in the constant fields and their checksum.
void write_header(SegmentHeader& header, const SegmentLayout& layout, std::uint64_t created_ns);

/// Checks everything in a header that may be damaged or hostile. `shared` holds the start of the
/// file; `file_size` is its size according to the kernel.
Result<SegmentLayout> read_header(std::span<const std::byte> shared, std::uint64_t file_size,
                                  std::string_view path);

}  // namespace detail

using detail::plan_layout;

}  // namespace evo
