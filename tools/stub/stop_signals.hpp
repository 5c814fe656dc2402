/// Signals that ask a program to end, as something to wait for.
#pragma once

#include <signal.h>

#include <cstdint>

#include "evo/error.hpp"

namespace evo::tools {

/// What ended a wait.
enum class Wake : std::uint8_t { Time, Input, Stop };

/// From `hold` on, SIGINT, SIGTERM and SIGHUP only end waits, so that what is open can be closed;
/// one that is ignored, as SIGHUP under nohup, stays ignored. SIGPIPE is ignored. One at a time, in
/// a process of one thread.
class StopSignals {
 public:
  /// A time that never comes.
  static constexpr std::uint64_t kNever = UINT64_MAX;

  StopSignals() = default;
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  /// ResourceExhausted: no descriptor is left.
  Result<void> hold();

  /// Whether one has come.
  [[nodiscard]] bool asked();

  /// Waits until that time of CLOCK_MONOTONIC, or until `input` can be read without waiting.
  Wake wait_until(std::uint64_t time_ns, int input = -1);

 private:
  sigset_t before_{};
  int signals_ = -1;
  int timer_ = -1;
  bool asked_ = false;
};

}  // namespace evo::tools
