// SPDX-License-Identifier: Apache-2.0
#include "repair/snapshot_file.hpp"

#include <fmt/format.h>

#include <set>

#include "evo/format.hpp"
#include "evo/format/crc32c.hpp"
#include "evo/raw_state_writer.hpp"
#include "evo/raw_stream_writer.hpp"
#include "repair/abandoned_writer.hpp"
#include "repair/child_process.hpp"

namespace evo::tools {

namespace {

std::uint32_t crc_with(std::string_view line, std::uint32_t crc) {
  crc = crc32c(line.data(), line.size(), crc);
  return crc32c("\n", 1, crc);
}

/// The same error, prefixed with its line number.
tl::unexpected<Error> with_line(Error error, std::uint64_t line) {
  if (error.code == ErrorCode::Corrupt)
    error.message = fmt::format("line {}: {}", line, error.message);
  return tl::unexpected(std::move(error));
}

tl::unexpected<Error> changed() {
  return make_error(ErrorCode::Corrupt, "the file was changed while it was loaded; try again");
}

}  // namespace

Result<SnapshotFile> SnapshotFile::open(const std::filesystem::path& path) {
  auto lines = InputFile::open(path);
  if (!lines) return tl::unexpected(lines.error());
  SnapshotFile file(std::move(*lines));
  auto checked = file.check_first_line();
  if (!checked) {
    Error& error = checked.error();
    if (error.code == ErrorCode::Corrupt) {
      error.message = fmt::format("'{}' is not a snapshot: {}; make one with evo-shm snapshot save",
                                  path.string(), error.message);
    }
    return tl::unexpected(std::move(error));
  }
  if (checked = file.check(); !checked) {
    Error& error = checked.error();
    if (error.code == ErrorCode::Corrupt) {
      error.message = fmt::format("the snapshot '{}' is damaged: {}; use another one",
                                  path.string(), error.message);
    }
    return tl::unexpected(std::move(error));
  }
  return file;
}

Result<void> SnapshotFile::check_first_line() {
  auto line = next_line(kLongestShortLine);
  // Format 1 was one document of many lines, which begins like this.
  if (line && *line == "{") {
    line = next_line(kLongestShortLine);
    if (line && line->starts_with(" \"evo_snapshot\": ")) {
      return parse_first_line("{\"evo_snapshot\":1}");
    }
  }
  if (!line) return tl::unexpected(line.error());
  return parse_first_line(*line);
}

Result<void> SnapshotFile::check() {
  std::set<std::string, std::less<>> names;
  for (;;) {
    const std::uint64_t position = lines_.position();
    const auto line = next_line(kLongestSegmentLine);
    if (!line) return tl::unexpected(line.error());
    if (is_last_line(*line)) {
      const auto segments = parse_last_line(*line);
      if (!segments) return with_line(segments.error(), lines_.line_number());
      if (*segments == entries_.size()) return expect_end_of_file();
      return make_error(ErrorCode::Corrupt, "it has {} of {} segments", entries_.size(), *segments);
    }
    auto entry = read_entry(*line, position);
    if (!entry) return tl::unexpected(entry.error());
    if (!names.insert(entry->name).second) {
      return make_error(ErrorCode::Corrupt, "segment '{}' is in it twice", entry->name);
    }
    entries_.push_back(std::move(*entry));
  }
}

Result<std::string_view> SnapshotFile::next_line(std::size_t most) {
  auto line = lines_.next(most);
  if (!line) return tl::unexpected(line.error());
  if (!*line) return make_error(ErrorCode::Corrupt, "its end is missing");
  return **line;
}

Result<void> SnapshotFile::expect_end_of_file() {
  const auto line = lines_.next(kLongestShortLine);
  if (line && !*line) return {};
  if (!line && line.error().code != ErrorCode::Corrupt) return tl::unexpected(line.error());
  return make_error(ErrorCode::Corrupt, "there is data after its last line");
}

Result<SnapshotFile::Opened> SnapshotFile::open_segment(std::string_view line) {
  const std::uint32_t crc = crc_with(line, 0);
  auto description = parse_segment_line(line);
  if (!description) return with_line(std::move(description.error()), lines_.line_number());
  return Opened{std::move(*description), crc};
}

Result<SnapshotEntry> SnapshotFile::read_entry(std::string_view line, std::uint64_t position) {
  const auto segment = open_segment(line);
  if (!segment) return tl::unexpected(segment.error());
  SnapshotEntry entry{segment->description.name, position, 0, {}};
  const auto end = read_values(*segment, [&](const SavedValue& value) -> Result<void> {
    entry.sequence = value.sequence;
    return {};
  });
  if (!end) return tl::unexpected(end.error());
  entry.end = *end;
  return entry;
}

Result<SegmentEnd> SnapshotFile::read_values(const Opened& segment, const Take& take) {
  const OwnedDescription& description = segment.description;
  const std::uint64_t most = description.kind == Kind::State ? 1 : description.slots;
  std::uint32_t crc = segment.crc;
  for (std::uint64_t values = 0;; ++values) {
    const auto line = next_line(longest_value_line(description));
    if (!line) return tl::unexpected(line.error());
    const std::uint64_t number = lines_.line_number();
    if (is_end_line(*line)) {
      const auto end = parse_end_line(*line);
      if (!end) return with_line(end.error(), number);
      if (end->values == values && end->crc == crc) return *end;
      return make_error(ErrorCode::Corrupt, "segment '{}' differs from what was saved",
                        description.name);
    }
    if (values == most) {
      return make_error(ErrorCode::Corrupt, "line {}: segment '{}' has room for {} values", number,
                        description.name, most);
    }
    crc = crc_with(*line, crc);
    const auto value = parse_value_line(*line, description);
    if (!value) return with_line(value.error(), number);
    if (auto taken = take(*value); !taken) return tl::unexpected(taken.error());
  }
}

Result<SnapshotFile::Opened> SnapshotFile::reopen(const SnapshotEntry& entry) {
  lines_.seek(entry.position);
  const auto line = next_line(kLongestSegmentLine);
  if (!line) return tl::unexpected(line.error());
  auto segment = open_segment(*line);
  if (!segment || segment->description.name != entry.name) return changed();
  return segment;
}

Result<OwnedDescription> SnapshotFile::description(const SnapshotEntry& entry) {
  auto segment = reopen(entry);
  if (!segment) return tl::unexpected(segment.error());
  return std::move(segment->description);
}

template <class Writer, class Publish>
Result<void> SnapshotFile::fill(const Opened& segment, std::uint32_t crc, const Domain& domain,
                                Publish&& publish) {
  auto writer = Writer::create(describe(segment.description),
                               {.domain = domain, .on_orphan = OnOrphan::Replace});
  if (!writer) return tl::unexpected(writer.error());
  const auto end = read_values(segment, [&](const SavedValue& value) -> Result<void> {
    const WriteResult written = publish(*writer, std::as_bytes(std::span(value.bytes)));
    if (written) return {};
    return make_error(ErrorCode::SegmentBusy, "a value of segment '{}' was not published: {}",
                      segment.description.name, to_string(written.error()));
  });
  // If values are missing, the writer closes and its segment is removed.
  if (end && end->crc != crc) return changed();
  if (!end && end.error().code == ErrorCode::Corrupt) return changed();
  if (!end) return tl::unexpected(end.error());
  abandon_at_exit(std::move(*writer));
  return {};
}

Result<void> SnapshotFile::load(const SnapshotEntry& entry, const Domain& domain) {
  return in_child_process([&]() -> Result<void> {
    const auto segment = reopen(entry);
    if (!segment) return tl::unexpected(segment.error());
    if (segment->description.kind == Kind::Stream) {
      return fill<RawStreamWriter>(
          *segment, entry.end.crc, domain,
          [](RawStreamWriter& writer, auto value) { return writer.push(value); });
    }
    return fill<RawStateWriter>(
        *segment, entry.end.crc, domain,
        [](RawStateWriter& writer, auto value) { return writer.write(value); });
  });
}

}  // namespace evo::tools
