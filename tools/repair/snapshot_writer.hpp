// SPDX-License-Identifier: Apache-2.0
/// Saves segments of a domain to a snapshot file, one value at a time.
#pragma once

#include <string>

#include "inspect/inspected_segment.hpp"
#include "inspect/owned_description.hpp"
#include "repair/snapshot_lines.hpp"
#include "text/output_file.hpp"

namespace evo::tools {

/// A segment that can be saved and loaded again: its line passed the check of `snapshot load`.
struct SavableSegment {
  InspectedSegment inspected;
  OwnedDescription description;
  std::string line;
  InspectedValue last;  ///< NeverWritten or a value
};

/// Inspects a segment until its header and its files describe the same incarnation. The errors of
/// InspectedSegment::at. Corrupt, InvalidSchema: the message says what is wrong with it.
/// SegmentBusy: it was replaced during each attempt.
Result<SavableSegment> find_savable(const Domain& domain, const std::string& name);

/// The saved part of a segment.
struct SavedSegment {
  std::string name;
  std::uint64_t values = 0;
  std::uint64_t sequence = 0;  ///< of the last value; 0: never written
};

/// Writes the lines. Its errors are those of the file.
class SnapshotWriter {
 public:
  static Result<SnapshotWriter> open(const std::filesystem::path& path);

  /// Writes the last value; for a stream, all values that are still in the ring.
  Result<SavedSegment> add(SavableSegment& segment);

  /// Completes the file. Without this call nothing is saved.
  Result<void> finish();

 private:
  explicit SnapshotWriter(OutputFile file) : file_(std::move(file)) {}
  Result<void> write_of_segment(std::string_view line);
  Result<void> write_value(std::uint64_t sequence, std::uint64_t stamp_ns,
                           std::span<const std::byte> bytes);
  Result<void> write_older(SavableSegment& segment);

  OutputFile file_;
  std::uint64_t segments_ = 0;
  SegmentEnd end_;  // of the segment being written
};

}  // namespace evo::tools
