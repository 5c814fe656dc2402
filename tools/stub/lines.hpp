/// Lines of a text, with bounded memory: of a file, or as they come through a pipe.
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

  /// The next line, without what ends it; nothing after the last one.
  virtual Result<std::optional<std::string>> next() = 0;

  /// Whether lines may come later, so that the time until they come says nothing about this
  /// process.
  [[nodiscard]] virtual bool comes_later() const { return false; }
};

/// Cuts what is read in pieces into lines.
class LineCutter {
 public:
  /// Longer lines are refused.
  static constexpr std::size_t kLongest = std::size_t{1} << 20;

  /// What was read; an empty piece is the end.
  void add(std::string_view piece);

  /// The next line; nothing before its end was read. InvalidSize: it is too long, or no text.
  Result<std::optional<std::string>> next();

  /// Whether nothing is left and nothing comes.
  [[nodiscard]] bool at_end() const { return ended_ && read_.size() == taken_; }

 private:
  std::string read_;
  std::size_t taken_ = 0;     // of it
  std::size_t searched_ = 0;  // of it, for the end of a line
  bool ended_ = false;
};

/// Of a regular file from a position on; its descriptor must outlive this.
class FileLines : public Lines {
 public:
  FileLines(int fd, off_t position) : fd_(fd), position_(position) {}
  Result<std::optional<std::string>> next() override;

 private:
  int fd_;
  off_t position_;
  LineCutter cutter_;
};

/// Of a pipe or terminal; its descriptor must outlive this. A wait for a line ends at the time that
/// was set or at a signal; then there is no next line.
class PipeLines : public Lines {
 public:
  PipeLines(int fd, StopSignals& stop) : fd_(fd), stop_(stop) {}

  /// Of CLOCK_MONOTONIC.
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
