// SPDX-License-Identifier: Apache-2.0
/// The source of rows: a regular file, which is checked before its first row is used, or a pipe.
#pragma once

#include <memory>
#include <string>

#include "stub/rows.hpp"
#include "text/descriptor.hpp"

namespace evo::tools {

class RowSource {
 public:
  /// `-` is standard input. NotFound, PermissionDenied, Io.
  static Result<RowSource> open(const std::string& path);

  /// The rows from the first one on; `stop.hold()` must have been called. Errors as for `Rows`; for
  /// a regular file, the errors of all rows, and also a file without rows.
  Result<Rows> begin(RowFormat format, StopSignals& stop);

  /// The number of rows; nullopt for a pipe.
  [[nodiscard]] std::optional<std::uint64_t> count() const { return count_; }

  /// See `PipeLines::end_at`.
  void end_at(std::uint64_t time_ns);

 private:
  RowSource() = default;

  std::string name_;
  Descriptor file_;
  std::optional<off_t> begin_;  // of the rows in the file; nullopt for a pipe
  std::unique_ptr<Lines> lines_;
  std::optional<std::uint64_t> count_;
};

}  // namespace evo::tools
