// SPDX-License-Identifier: Apache-2.0
/// Reads a text line by line in bounded memory, from a file or from a pipe.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "evo/error.hpp"
#include "stub/stop_signals.hpp"

namespace evo::tools {

class Lines {
 public:
  virtual ~Lines() = default;

  /// The next line, without its line end; nothing after the last one.
  virtual Result<std::optional<std::string>> next() = 0;

  /// Whether lines may arrive later, in which case the waiting time is not this process's delay.
  [[nodiscard]] virtual bool comes_later() const { return false; }
};

/// Splits the pieces that are read into lines.
class LineCutter {
 public:
  /// Longer lines are rejected.
  static constexpr std::size_t kLongest = std::size_t{1} << 20;

  /// Appends a piece that was read; an empty piece is the end.
  void add(std::string_view piece);

  /// The next line; nothing if its end has not been read yet. InvalidSize: it is too long, or is
  /// not text.
  Result<std::optional<std::string>> next();

  /// Whether all lines are consumed and no more will come.
  [[nodiscard]] bool at_end() const { return ended_ && read_.size() == taken_; }

 private:
  std::string read_;
  std::size_t taken_ = 0;     // bytes of `read_` that were consumed
  std::size_t searched_ = 0;  // bytes of `read_` that were searched for a line end
  bool ended_ = false;
};

/// Lines of a regular file from a position on; its descriptor must outlive this object.
class FileLines : public Lines {
 public:
  FileLines(int fd, off_t position) : fd_(fd), position_(position) {}
  Result<std::optional<std::string>> next() override;

 private:
  int fd_;
  off_t position_;
  LineCutter cutter_;
};

/// Lines of a pipe or terminal; its descriptor must outlive this object. Waiting for a line ends at
/// the time set by `end_at` or at a signal; then there is no next line.
class PipeLines : public Lines {
 public:
  PipeLines(int fd, StopSignals& stop) : fd_(fd), stop_(stop) {}

  /// In CLOCK_MONOTONIC.
  void end_at(std::uint64_t time_ns) { end_ns_ = time_ns; }
  Result<std::optional<std::string>> next() override;
  [[nodiscard]] bool comes_later() const override { return true; }

 private:
  int fd_;
  StopSignals& stop_;
  std::uint64_t end_ns_ = StopSignals::kNever;
  LineCutter cutter_;
};

}  // namespace evo::tools
