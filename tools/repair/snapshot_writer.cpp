// SPDX-License-Identifier: Apache-2.0
#include "repair/snapshot_writer.hpp"

#include <fmt/format.h>

#include "evo/format.hpp"
#include "evo/format/crc32c.hpp"

namespace evo::tools {

namespace {

/// A writer that is constantly killed and taken over may be in transition at every attempt.
constexpr int kMostLooks = 20;

/// Whether the files and the mapping, inspected one after the other, are of the same generation.
bool is_consistent(const InspectedSegment& inspected) {
  const SegmentInfo& info = inspected.info();
  return info.condition == SegmentCondition::Sound &&
         info.layout.generation == inspected.reader().layout().generation &&
         !inspected.reader().is_detached();
}

/// No value: the segment was replaced in the meantime.
Result<std::optional<SavableSegment>> look_once(InspectedSegment inspected) {
  if (!is_consistent(inspected)) return std::optional<SavableSegment>();
  const std::string name = inspected.info().name;
  if (inspected.fault() && !inspected.reader().bfbs().empty())
    return tl::unexpected(*inspected.fault());
  auto description = describe_owned(inspected);
  if (!description) return tl::unexpected(description.error());
  std::string line = segment_line(*description);
  if (auto read = parse_segment_line(std::string_view(line).substr(0, line.size() - 1)); !read) {
    return make_error(ErrorCode::Corrupt,
                      "segment '{}' could not be loaded again, because {}; restart its writer",
                      name, read.error().message);
  }
  InspectedValue last = inspected.value();
  if (last.error == ReadError::Detached) return std::optional<SavableSegment>();
  if (last.error && last.error != ReadError::NeverWritten) {
    return make_error(ErrorCode::Corrupt, "the last value of segment '{}' cannot be read: {}", name,
                      to_string(*last.error));
  }
  return SavableSegment{std::move(inspected), std::move(*description), std::move(line),
                        std::move(last)};
}

}  // namespace

Result<SavableSegment> find_savable(const Domain& domain, const std::string& name) {
  Error reason{ErrorCode::SegmentBusy,
               fmt::format("segment '{}' was replaced during every attempt; try again", name)};
  for (int looks = 0; looks < kMostLooks; ++looks) {
    auto inspected = InspectedSegment::at(domain, name);
    if (!inspected) return tl::unexpected(inspected.error());
    if (!inspected->readable()) return tl::unexpected(*inspected->fault());
    if (inspected->info().condition != SegmentCondition::Sound) {
      reason = reason_of(domain, inspected->info());
      continue;
    }
    auto savable = look_once(std::move(*inspected));
    if (!savable) return tl::unexpected(savable.error());
    if (*savable) return std::move(**savable);
  }
  return tl::unexpected(std::move(reason));
}

Result<SnapshotWriter> SnapshotWriter::open(const std::filesystem::path& path) {
  // Readable by this user only: other users that may not read the segments cannot read the copy.
  auto file = OutputFile::open(path, 0600);
  if (!file) return tl::unexpected(file.error());
  SnapshotWriter writer(std::move(*file));
  if (auto written = writer.file_.write(first_line()); !written) {
    return tl::unexpected(written.error());
  }
  return writer;
}

Result<SavedSegment> SnapshotWriter::add(SavableSegment& segment) {
  end_ = {};
  if (auto written = write_of_segment(segment.line); !written) {
    return tl::unexpected(written.error());
  }
  SavedSegment saved{segment.description.name, 0, 0};
  if (!segment.last.error) {
    const SampleInfo& last = segment.last.info;
    if (auto written = write_older(segment); !written) return tl::unexpected(written.error());
    if (auto written = write_value(last.sequence, last.stamp_ns, segment.last.bytes); !written) {
      return tl::unexpected(written.error());
    }
    saved.sequence = last.sequence;
  }
  saved.values = end_.values;
  ++segments_;
  if (auto written = file_.write(end_line(end_)); !written) {
    return tl::unexpected(written.error());
  }
  return saved;
}

Result<void> SnapshotWriter::write_older(SavableSegment& segment) {
  if (segment.description.kind != Kind::Stream) return {};
  const SlotGeometry& geometry = segment.inspected.reader().layout().geometry;
  std::vector<std::byte> bytes(segment.last.bytes.size());
  for (std::uint64_t back = segment.description.slots - 1; back > 0; --back) {
    // A value that was overwritten in the meantime, or never pushed, is absent.
    const std::uint64_t sequence = geometry.before(segment.last.info.sequence, back);
    const auto info = segment.inspected.read_at(sequence, bytes);
    if (!info || sequence == 0) continue;
    if (auto written = write_value(sequence, info->stamp_ns, bytes); !written) return written;
  }
  return {};
}

Result<void> SnapshotWriter::write_value(std::uint64_t sequence, std::uint64_t stamp_ns,
                                         std::span<const std::byte> bytes) {
  ++end_.values;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  return write_of_segment(value_line(sequence, stamp_ns, {data, bytes.size()}));
}

Result<void> SnapshotWriter::write_of_segment(std::string_view line) {
  end_.crc = crc32c(line.data(), line.size(), end_.crc);
  return file_.write(line);
}

Result<void> SnapshotWriter::finish() {
  if (auto written = file_.write(last_line(segments_)); !written) return written;
  return file_.commit();
}

}  // namespace evo::tools
