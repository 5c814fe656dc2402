// SPDX-License-Identifier: Apache-2.0
#include "evo/format/segment_header.hpp"

#include <array>
#include <bit>
#include <cstring>

#include "evo/detail/copy.hpp"
#include "evo/format.hpp"
#include "evo/format/crc32c.hpp"

namespace evo::detail {

namespace {

/// CRC32C over the constant fields (I1): the header with all other fields set to zero.
std::uint32_t constant_checksum(std::span<const std::byte> header) {
  std::array<std::byte, sizeof(SegmentHeader)> copy{};
  std::memcpy(copy.data(), header.data(), copy.size());
  const auto blank = [&](std::size_t offset, std::size_t size) {
    std::memset(copy.data() + offset, 0, size);
  };
  blank(offsetof(SegmentHeader, version), sizeof(std::uint64_t));
  blank(offsetof(SegmentHeader, writer_pid), sizeof(std::uint32_t));
  blank(offsetof(SegmentHeader, last_write_ns), sizeof(std::uint64_t));
  blank(offsetof(SegmentHeader, checksum), sizeof(std::uint32_t));
  return crc32c(copy.data(), copy.size());
}

template <class T>
T read_at(std::span<const std::byte> file, std::size_t offset) {
  T value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

/// Whether [offset, offset + size) lies inside [lower, upper); cannot overflow.
constexpr bool lies_within(std::uint64_t offset, std::uint64_t size, std::uint64_t lower,
                           std::uint64_t upper) {
  return offset >= lower && offset <= upper && size <= upper - offset;
}

/// The same for what only a link has.
const char* find_link_fault(const SegmentLayout& layout) {
  const std::uint64_t ring = layout.geometry.payload_size;
  // H22
  if (layout.geometry.count == 0 || layout.geometry.count > kMaximumConnections) {
    return "number of connections out of range";
  }
  // H23
  if (ring < kPageSize || ring > kMaximumRing || !std::has_single_bit(ring)) {
    return "size of the rings is not a power of two from 4 KiB to 16 MiB";
  }
  // H24
  if (layout.geometry.stride != connection_size(ring)) return "size of a connection is wrong";
  const std::uint64_t described = std::uint64_t{layout.compatible_offset} +
                                  std::uint64_t{layout.compatible_count} * sizeof(CompatibleEntry);
  // H25
  if (!lies_within(described, kLinkPages * kPageSize, 0, layout.slots_offset)) {
    return "no room for the pages of a link";
  }
  return nullptr;
}

/// The same for what depends on the kind.
const char* find_fault_of_kind(const SegmentLayout& layout) {
  const std::uint32_t slots = layout.geometry.count;
  switch (layout.kind) {
    case Kind::State:
      // H2
      if (slots < 2 || slots > 64) return "slot count out of range";
      return nullptr;
    case Kind::Stream: {
      const std::uint32_t capacity = slots - 1;
      // H3
      if (capacity < 2 || capacity > std::uint32_t{1} << 20 || (capacity & (capacity - 1)) != 0) {
        return "capacity is not a power of two from 2 to 2^20";
      }
      return nullptr;
    }
    case Kind::Link:
      return find_link_fault(layout);
  }
  return "unknown kind";
}

/// The first impossible property of a layout, or nullptr.
const char* find_fault(const SegmentLayout& layout) {
  const SlotGeometry& slots = layout.geometry;
  if (const char* fault = find_fault_of_kind(layout)) return fault;  // H1
  // H4
  if (slots.payload_size == 0 || slots.payload_size > kMaximumFileSize) {
    return "payload size out of range";
  }
  const std::uint64_t guard = 8U + (slots.stamped ? 8U : 0U) + (slots.checksummed ? 8U : 0U);
  // H5
  if (slots.payload_offset < guard || slots.payload_offset > kCacheLine ||
      slots.payload_offset % 8 != 0) {
    return "payload offset out of range";
  }
  // H6
  if (!std::has_single_bit(layout.payload_alignment) || layout.payload_alignment > kCacheLine) {
    return "alignment is not a power of two up to 64";
  }
  // H7
  if (slots.payload_offset % layout.payload_alignment != 0) {
    return "payload offset is not a multiple of the alignment";
  }
  // H8
  if (slots.stride > kMaximumFileSize || slots.stride % kCacheLine != 0 ||
      slots.stride < slots.payload_offset + slots.payload_size) {
    return "slot stride out of range";
  }
  // H9. About 2^20 slots of at most 2^30 bytes: no overflow in 64 bits.
  if (layout.slots_offset % kPageSize != 0 ||
      !lies_within(layout.slots_offset, slots.stride * slots.count, kPageSize, layout.file_size)) {
    return "slots do not lie within the file";
  }
  if (layout.schema_size > kMaximumSchemaSize) return "schema is too large";               // H10
  if (layout.compatible_count > kMaximumCompatible) return "too many compatible layouts";  // H11
  const std::uint64_t compatible_size =
      std::uint64_t{layout.compatible_count} * sizeof(CompatibleEntry);
  // H12
  if (!lies_within(layout.schema_offset, layout.schema_size, sizeof(SegmentHeader),
                   layout.slots_offset)) {
    return "schema does not lie between header and slots";
  }
  // H13
  if (layout.compatible_offset % 8 != 0 ||
      !lies_within(layout.compatible_offset, compatible_size,
                   std::uint64_t{layout.schema_offset} + layout.schema_size, layout.slots_offset)) {
    return "compatible layouts do not lie between schema and slots";
  }
  // H14
  if (layout.max_readers == 0 || layout.max_readers > 10240) return "max_readers out of range";
  return nullptr;
}

}  // namespace

Result<SegmentLayout> plan_layout(const ChannelDescription& channel) {
  // W4
  if (channel.size == 0 || channel.size > kMaximumFileSize) {
    return make_error(ErrorCode::InvalidSize,
                      "segment '{}' has a payload of {} bytes; a payload has 1 byte to 1 GiB",
                      channel.name, channel.size);
  }
  // W5
  if (channel.bfbs.size() > kMaximumSchemaSize || channel.compatible.size() > kMaximumCompatible) {
    return make_error(
        ErrorCode::InvalidSchema,
        "segment '{}' has a schema of {} bytes and {} compatible layouts; the limits are {} "
        "and {}",
        channel.name, channel.bfbs.size(), channel.compatible.size(), kMaximumSchemaSize,
        kMaximumCompatible);
  }
  SegmentLayout layout;
  layout.kind = channel.kind;
  layout.overflow = channel.overflow;
  layout.schema_id = channel.schema_id;
  layout.version = channel.version;
  layout.geometry = slot_geometry(channel);
  layout.payload_alignment = static_cast<std::uint32_t>(channel.alignment);
  layout.schema_offset = sizeof(SegmentHeader);
  layout.schema_size = static_cast<std::uint32_t>(channel.bfbs.size());
  layout.compatible_offset =
      static_cast<std::uint32_t>(align_up(layout.schema_offset + channel.bfbs.size(), 8));
  layout.compatible_count = static_cast<std::uint32_t>(channel.compatible.size());
  layout.slots_offset = align_up(
      layout.compatible_offset + channel.compatible.size() * sizeof(CompatibleEntry), kPageSize);
  if (channel.kind == Kind::Link) layout.slots_offset += kLinkPages * kPageSize;
  layout.file_size =
      align_up(layout.slots_offset + layout.geometry.stride * layout.geometry.count, kPageSize);
  layout.period_ns = static_cast<std::uint64_t>(channel.period.count());
  layout.max_age_ns = static_cast<std::uint64_t>(channel.max_age.count());
  layout.max_readers = channel.max_readers;
  // W6
  if (layout.file_size > kMaximumFileSize) {
    return make_error(
        ErrorCode::InvalidSize,
        "segment '{}' needs {} bytes ({} slots of {} bytes), more than 1 GiB; use fewer "
        "slots or a smaller payload",
        channel.name, layout.file_size, channel.slots, layout.geometry.stride);
  }
  // W7
  if (const char* fault = find_fault(layout)) {
    return make_error(ErrorCode::InvalidSize, "segment '{}': {}; correct its description",
                      channel.name, fault);
  }
  return layout;
}

void write_header(SegmentHeader& header, const SegmentLayout& layout, std::uint64_t created_ns) {
  header.magic = kSegmentMagic;
  header.size = layout.file_size;
  header.created_ns = created_ns;
  header.generation = layout.generation;
  header.boot_id = layout.boot_id;
  header.created_realtime_ns = layout.created_realtime_ns;
  header.format = kFormatVersion;
  header.format_min = kFormatVersion;
  header.kind = static_cast<std::uint8_t>(layout.kind);
  header.overflow = static_cast<std::uint8_t>(layout.overflow);
  header.stamp = layout.geometry.stamped ? 1 : 0;
  header.checksum_kind = layout.geometry.checksummed ? 1 : 0;
  header.schema_id = layout.schema_id.bytes;
  header.slots = layout.geometry.count;
  header.payload_offset = layout.geometry.payload_offset;
  header.payload_size = layout.geometry.payload_size;
  header.stride = layout.geometry.stride;
  header.slots_offset = layout.slots_offset;
  header.schema_offset = layout.schema_offset;
  header.schema_size = layout.schema_size;
  header.compatible_offset = layout.compatible_offset;
  header.compatible_count = layout.compatible_count;
  header.period_ns = layout.period_ns;
  header.max_age_ns = layout.max_age_ns;
  header.max_readers = layout.max_readers;
  header.version_major = layout.version.major;
  header.version_minor = layout.version.minor;
  header.payload_alignment = layout.payload_alignment;
  header.checksum = constant_checksum(std::as_bytes(std::span(&header, 1)));
}

Result<SegmentLayout> read_header(std::span<const std::byte> shared, std::uint64_t file_size,
                                  std::string_view path) {
  const auto corrupt = [&](std::string_view what) {
    return make_error(ErrorCode::Corrupt,
                      "'{}' is not a usable segment file: {}; stop its writer, remove the file and "
                      "start the writer again",
                      path, what);
  };
  // H15
  if (shared.size() < sizeof(SegmentHeader) || file_size < kMinimumFileSize) {
    return corrupt("it is shorter than a header page");
  }
  // Read once: what is checked here is what is used.
  std::array<std::byte, sizeof(SegmentHeader)> file;
  copy_from_shared(file.data(), shared.data(), file.size());
  using H = SegmentHeader;
  const auto magic = read_at<std::uint64_t>(file, offsetof(H, magic));
  if (magic != kSegmentMagic && magic != kFormerSegmentMagic) return corrupt("wrong magic");  // H16
  const auto format = read_at<std::uint16_t>(file, offsetof(H, format));
  const auto format_min = read_at<std::uint16_t>(file, offsetof(H, format_min));
  // H17
  if (magic != kSegmentMagic || format < kOldestReadableFormat || format_min > kFormatVersion) {
    return make_error(
        ErrorCode::FormatMismatch,
        "'{}' has segment format {} (oldest compatible format: {}), but this build reads {} to {}; "
        "build the writer and the readers with the same release of EVO Channels",
        path, format, format_min, kOldestReadableFormat, kFormatVersion);
  }
  // H18
  if (read_at<std::uint32_t>(file, offsetof(H, checksum)) != constant_checksum(file)) {
    return corrupt("the checksum of the header is wrong");
  }
  SegmentLayout layout;
  layout.file_size = read_at<std::uint64_t>(file, offsetof(H, size));
  layout.generation = read_at<std::uint64_t>(file, offsetof(H, generation));
  layout.boot_id = read_at<std::array<std::uint8_t, 16>>(file, offsetof(H, boot_id));
  layout.created_realtime_ns = read_at<std::uint64_t>(file, offsetof(H, created_realtime_ns));
  layout.kind = static_cast<Kind>(read_at<std::uint8_t>(file, offsetof(H, kind)));
  layout.overflow = static_cast<Overflow>(read_at<std::uint8_t>(file, offsetof(H, overflow)));
  layout.schema_id.bytes = read_at<std::array<std::uint8_t, 32>>(file, offsetof(H, schema_id));
  layout.version = {read_at<std::uint16_t>(file, offsetof(H, version_major)),
                    read_at<std::uint16_t>(file, offsetof(H, version_minor))};
  layout.geometry.count = read_at<std::uint32_t>(file, offsetof(H, slots));
  layout.geometry.payload_offset = read_at<std::uint32_t>(file, offsetof(H, payload_offset));
  layout.geometry.payload_size = read_at<std::uint64_t>(file, offsetof(H, payload_size));
  layout.geometry.stride = read_at<std::uint64_t>(file, offsetof(H, stride));
  layout.geometry.stamped = read_at<std::uint8_t>(file, offsetof(H, stamp)) != 0;
  layout.geometry.checksummed = read_at<std::uint8_t>(file, offsetof(H, checksum_kind)) != 0;
  layout.payload_alignment = read_at<std::uint32_t>(file, offsetof(H, payload_alignment));
  layout.slots_offset = read_at<std::uint64_t>(file, offsetof(H, slots_offset));
  layout.schema_offset = read_at<std::uint32_t>(file, offsetof(H, schema_offset));
  layout.schema_size = read_at<std::uint32_t>(file, offsetof(H, schema_size));
  layout.compatible_offset = read_at<std::uint32_t>(file, offsetof(H, compatible_offset));
  layout.compatible_count = read_at<std::uint32_t>(file, offsetof(H, compatible_count));
  layout.period_ns = read_at<std::uint64_t>(file, offsetof(H, period_ns));
  layout.max_age_ns = read_at<std::uint64_t>(file, offsetof(H, max_age_ns));
  layout.max_readers = read_at<std::uint32_t>(file, offsetof(H, max_readers));

  // H19
  if (layout.file_size != file_size || file_size % kPageSize != 0 || file_size > kMaximumFileSize) {
    return corrupt(
        fmt::format("its size is {} bytes, its header says {}", file_size, layout.file_size));
  }
  if (const char* fault = find_fault(layout)) return corrupt(fault);  // H20
  return layout;
}

}  // namespace evo::detail
