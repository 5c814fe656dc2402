// SPDX-License-Identifier: Apache-2.0
#include "schema/schema_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "evo/schema_layout.hpp"

namespace evo::detail {

namespace {

std::string_view stamp_name(bool stamped) {
  return stamped ? "monotonic" : "none";
}
std::string_view overflow_name(Overflow overflow) {
  return overflow == Overflow::Block ? "block" : "overwrite";
}
std::string_view checksum_name(bool checksummed) {
  return checksummed ? "crc32c" : "none";
}

/// Differences outside the layout that change how the slots are read.
std::vector<std::string> diff_attributes(const ChannelDescription& reader,
                                         const SegmentLayout& segment) {
  std::vector<std::string> lines;
  const auto compare = [&](std::string_view attribute, std::string_view in_segment,
                           std::string_view in_reader) {
    if (in_segment != in_reader) {
      lines.push_back(fmt::format("{}: {} in the segment, {} in this reader", attribute, in_segment,
                                  in_reader));
    }
  };
  compare("kind", to_string(segment.kind), to_string(reader.kind));  // A17
  // A reader of a blocking stream uses values in place, and only the writer's blocking protects
  // them.
  if (segment.kind == Kind::Stream) {
    compare("overflow", overflow_name(segment.overflow), overflow_name(reader.overflow));  // A18
  }
  // A19
  compare("stamp", stamp_name(segment.geometry.stamped),
          stamp_name(reader.stamp == Stamp::Monotonic));
  // A20
  compare("checksum", checksum_name(segment.geometry.checksummed),
          checksum_name(reader.checksum == Checksum::Crc32c));
  return lines;
}

std::vector<std::string> diff_layouts(const ChannelDescription& reader,
                                      const SegmentIdentity& segment) {
  if (segment.bfbs.empty() || reader.bfbs.empty()) {
    std::vector<std::string> lines{segment.bfbs.empty() ? "the segment embeds no schema to compare"
                                                        : "this reader has no schema to compare"};
    if (segment.layout.geometry.payload_size != reader.size) {
      lines.push_back(fmt::format("size: {} bytes in the segment, {} in this reader",
                                  segment.layout.geometry.payload_size, reader.size));
    }
    return lines;
  }
  const auto ours = read_schema(reader.bfbs, reader.name);
  const auto theirs = read_schema(segment.bfbs, reader.name);
  if (!ours) return {ours.error().message};
  if (!theirs) return {theirs.error().message};
  auto lines = diff_schemas(*ours, *theirs);
  if (lines.empty()) lines.emplace_back("the schema ids differ, the fields do not");
  return lines;
}

tl::unexpected<Error> mismatch(const ChannelDescription& reader, const SegmentIdentity& segment,
                               const std::vector<std::string>& lines) {
  std::string text = fmt::format(
      "segment '{}' does not fit this reader:\n"
      "  segment: version {}.{}, schema id {}, written by {}\n"
      "  reader:  version {}.{}, schema id {}\n",
      reader.name, segment.layout.version.major, segment.layout.version.minor,
      segment.layout.schema_id.hex(), segment.writer, reader.version.major, reader.version.minor,
      reader.schema_id.hex());
  for (const std::string& line : lines) text += fmt::format("  - {}\n", line);
  text += "rebuild the writer or this reader, so that both come from the same schema file";
  return tl::unexpected(Error{ErrorCode::SchemaMismatch, std::move(text), 0});
}

/// A client of a link uses no fields by their place, so only the schemas must fit.
Result<std::uint32_t> fit_link(const ChannelDescription& client, const SegmentIdentity& link) {
  const auto is_same = [&](const SchemaId& id) { return id == link.layout.schema_id; };
  const bool fits = is_same(client.schema_id) ||
                    std::ranges::any_of(client.compatible, is_same, &CompatibleLayout::id) ||
                    std::ranges::any_of(link.compatible, [&](const CompatibleEntry& known) {
                      return known.id == client.schema_id.bytes;
                    });
  std::vector<std::string> lines;
  // A25
  if (!fits) lines.emplace_back("neither schema knows the other one as an earlier version");
  // A26
  if (link.layout.geometry.checksummed != (client.checksum == Checksum::Crc32c)) {
    lines.push_back(fmt::format("checksum: {} in the link, {} in this client",
                                checksum_name(link.layout.geometry.checksummed),
                                checksum_name(client.checksum == Checksum::Crc32c)));
  }
  if (lines.empty()) return 0;
  return mismatch(client, link, lines);
}

}  // namespace

Result<std::uint32_t> fit_schema(const ChannelDescription& reader, const SegmentIdentity& segment) {
  if (reader.kind == Kind::Link && segment.layout.kind == Kind::Link) {
    return fit_link(reader, segment);
  }
  const auto field_count = static_cast<std::uint32_t>(reader.fields.size());
  const std::uint64_t segment_size = segment.layout.geometry.payload_size;
  auto lines = diff_attributes(reader, segment.layout);
  // A view refers to the value in place, if the segment has all of it.
  const SlotGeometry& slots = segment.layout.geometry;
  // A21
  if (segment_size >= reader.size &&
      (slots.payload_offset % reader.alignment != 0 || slots.stride % reader.alignment != 0)) {
    lines.push_back(
        fmt::format("alignment: values lie at {} + n x {} bytes in the segment, this reader needs "
                    "multiples of {}",
                    slots.payload_offset, slots.stride, reader.alignment));
  }

  if (segment.layout.schema_id == reader.schema_id) {
    // A22
    if (segment_size != reader.size) {
      lines.push_back(fmt::format("size: {} bytes in the segment, {} in this reader", segment_size,
                                  reader.size));
    }
    if (lines.empty()) return field_count;
    return mismatch(reader, segment, lines);
  }
  // An older writer: this reader knows its layout as a prefix of its own.
  const auto older = std::find_if(
      reader.compatible.begin(), reader.compatible.end(),
      [&](const CompatibleLayout& known) { return known.id == segment.layout.schema_id; });
  // A23
  if (older != reader.compatible.end() && older->size == segment_size && lines.empty()) {
    return older->field_count;
  }
  // A newer writer: it lists this reader's layout as a prefix of its own.
  const auto newer = std::find_if(
      segment.compatible.begin(), segment.compatible.end(),
      [&](const CompatibleEntry& known) { return known.id == reader.schema_id.bytes; });
  // A24
  if (newer != segment.compatible.end() && newer->size == reader.size &&
      reader.size <= segment_size && lines.empty()) {
    return field_count;
  }
  const auto layout_lines = diff_layouts(reader, segment);
  lines.insert(lines.end(), layout_lines.begin(), layout_lines.end());
  return mismatch(reader, segment, lines);
}

}  // namespace evo::detail
