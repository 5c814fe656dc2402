// SPDX-License-Identifier: Apache-2.0
/// The header of a data file. Byte 0 of the input: bit 0 corrects the checksum, bit 1 makes the
/// file as large as the header says. A header that is accepted describes memory within the file.
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "evo/format/segment_header.hpp"
#include "fuzzer.hpp"
#include "sealed_header.hpp"

namespace {

using evo::fuzz::expect;

void check(const evo::SegmentLayout& layout, std::uint64_t file_size) {
  const evo::SlotGeometry& geometry = layout.geometry;
  expect(layout.file_size == file_size, "the size is that of the file");
  const bool is_link = layout.kind == evo::Kind::Link;
  expect(geometry.count >= (is_link ? 1U : 2U), "there are at least two slots");
  expect(geometry.stride % evo::kCacheLine == 0, "slots do not share a cache line");
  expect(geometry.payload_offset + geometry.payload_size <= geometry.stride, "a payload fits");
  expect(geometry.payload_offset % 8 == 0, "a payload is aligned");
  expect(layout.slots_offset >= sizeof(evo::SegmentHeader), "slots come after the header");
  expect(layout.slots_offset + geometry.stride * geometry.count <= file_size, "slots fit");
  expect(std::uint64_t{layout.schema_offset} + layout.schema_size <= layout.slots_offset,
         "the schema is before the slots");
  expect(layout.compatible_offset +
                 std::uint64_t{layout.compatible_count} * sizeof(evo::CompatibleEntry) <=
             layout.slots_offset,
         "earlier layouts are before the slots");
  if (!is_link) return;
  const std::uint64_t ring = geometry.payload_size;
  expect(geometry.count <= evo::kMaximumConnections, "there are not too many connections");
  expect(ring >= evo::kPageSize && (ring & (ring - 1)) == 0, "a ring is a power of two");
  expect(geometry.stride == evo::connection_size(ring), "two pages and two rings");
  expect(layout.slots_offset >= sizeof(evo::SegmentHeader) + evo::kLinkPages * evo::kPageSize,
         "the pages of a link come after the header");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 4097) return -1;
  std::vector<std::uint64_t> words((size + 6) / 8);  // aligned, as a mapping is
  const std::span<std::byte> file(reinterpret_cast<std::byte*>(words.data()), size - 1);
  if (!file.empty()) std::memcpy(file.data(), data + 1, file.size());
  const bool has_header = file.size() >= sizeof(evo::SegmentHeader);
  if ((data[0] & 1U) != 0 && has_header) evo::test::seal_header(file);
  std::uint64_t file_size = file.size();
  if ((data[0] & 2U) != 0 && has_header)
    std::memcpy(&file_size, file.data() + 24, sizeof file_size);
  const auto layout = evo::detail::read_header(file, file_size, "evo_fuzz");
  if (layout) check(*layout, file_size);
  return 0;
}
