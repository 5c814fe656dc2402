/// Lines of a text: of one that is there as a whole, or as they come through a pipe.
#pragma once

#include <array>
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

/// Of a text that outlives it.
class TextLines : public Lines {
 public:
  explicit TextLines(std::string_view text) : rest_(text) {}
  Result<std::optional<std::string>> next() override;

 private:
  std::string_view rest_;
};

/// Of a descriptor, which it closes unless it is standard input. A wait for a line ends at the
/// time that was set or at a signal; then there is no next line.
class PipeLines : public Lines {
 public:
  PipeLines(int fd, StopSignals& stop) : fd_(fd), stop_(stop) {}
  PipeLines(const PipeLines&) = delete;
  PipeLines& operator=(const PipeLines&) = delete;
  ~PipeLines() override;

  /// Of CLOCK_MONOTONIC.
  void end_at(std::uint64_t time_ns) { end_ns_ = time_ns; }
  Result<std::optional<std::string>> next() override;
  [[nodiscard]] bool comes_later() const override { return true; }

 private:
  int fd_;
  StopSignals& stop_;
  std::uint64_t end_ns_ = StopSignals::kNever;
  std::string read_;          // and not yet taken
  std::size_t searched_ = 0;  // of it, for the end of a line
  bool at_end_ = false;
};

}  // namespace evo::tools
