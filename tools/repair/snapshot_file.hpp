// SPDX-License-Identifier: Apache-2.0
/// Loads a snapshot file: first checks it as a whole, then reads it value by value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "evo/domain.hpp"
#include "repair/snapshot_lines.hpp"
#include "text/input_file.hpp"

namespace evo::tools {

/// The position of a segment in the file.
struct SnapshotEntry {
  std::string name;
  std::uint64_t position = 0;  ///< of its line
  std::uint64_t sequence = 0;  ///< of its last value; 0: never written
  SegmentEnd end;
};

class SnapshotFile {
 public:
  /// Reads and validates the whole untrusted file. Corrupt: the message names the line and its
  /// fault, or a segment that occurs twice. FormatMismatch; the errors of InputFile.
  static Result<SnapshotFile> open(const std::filesystem::path& path);

  [[nodiscard]] const std::vector<SnapshotEntry>& entries() const noexcept { return entries_; }

  Result<OwnedDescription> description(const SnapshotEntry& entry);

  /// Recreates the segment with its values, and leaves it in the state of a dead writer: that of a
  /// process that has ended (see child_process.hpp), so any number of segments can be loaded.
  /// SegmentBusy: a writer is alive. Corrupt: the file was changed in the meantime, and the segment
  /// does not exist.
  Result<void> load(const SnapshotEntry& entry, const Domain& domain);

 private:
  using Take = std::function<Result<void>(const SavedValue&)>;
  /// A segment whose line has been read; its values come next.
  struct Opened {
    OwnedDescription description;
    std::uint32_t crc = 0;  ///< of its line
  };

  explicit SnapshotFile(InputFile lines) : lines_(std::move(lines)) {}
  Result<void> check();
  Result<void> check_first_line();
  Result<std::string_view> next_line(std::size_t most);
  Result<Opened> open_segment(std::string_view line);
  Result<SnapshotEntry> read_entry(std::string_view line, std::uint64_t position);
  Result<SegmentEnd> read_values(const Opened& segment, const Take& take);
  Result<void> expect_end_of_file();
  Result<Opened> reopen(const SnapshotEntry& entry);
  template <class Writer, class Publish>
  Result<void> fill(const Opened& segment, std::uint32_t crc, const Domain& domain,
                    Publish&& publish);

  InputFile lines_;
  std::vector<SnapshotEntry> entries_;
};

}  // namespace evo::tools
