// SPDX-License-Identifier: Apache-2.0
/// Waits that end at a signal to stop.
#pragma once

#include <signal.h>

#include <cstdint>

#include "evo/error.hpp"

namespace evo::tools {

/// Why a wait ended.
enum class Wake : std::uint8_t { Time, Input, Stop };

/// From `hold` on, SIGINT, SIGTERM and SIGHUP only end waits, so that the program can close what is
/// open; an ignored signal, such as SIGHUP under nohup, stays ignored. SIGPIPE is ignored. One
/// instance at a time, in a single-threaded process.
class StopSignals {
 public:
  /// A time that is never reached.
  static constexpr std::uint64_t kNever = UINT64_MAX;

  StopSignals() = default;
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  /// ResourceExhausted: no descriptor is available.
  Result<void> hold();

  /// Whether a signal has arrived.
  [[nodiscard]] bool asked();

  /// Waits until `time_ns` of CLOCK_MONOTONIC, or until `input` is readable.
  Wake wait_until(std::uint64_t time_ns, int input = -1);

 private:
  sigset_t before_{};
  int signals_ = -1;
  int timer_ = -1;
  bool asked_ = false;
};

}  // namespace evo::tools
