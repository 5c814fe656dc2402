// SPDX-License-Identifier: Apache-2.0
/// Ends a program's loop on SIGTERM, SIGINT and SIGHUP, so that its writers close their segments.
#pragma once

#include <signal.h>

#include <atomic>

namespace evo::machine {

/// From now on those signals only make `stop_requested` true and interrupt sleeps. Writing to a
/// pipe without a reader is an error of that write and does not end the program.
void catch_stop_signals() noexcept;

/// Whether a stop signal has arrived.
[[nodiscard]] bool stop_requested() noexcept;

/// The same, for evo::cycles.
[[nodiscard]] const std::atomic<bool>* stop_flag() noexcept;

/// The first one that arrived; 0 if none.
[[nodiscard]] int stop_signal() noexcept;

/// Threads started while it exists have those signals blocked, so that the main thread receives
/// them and its sleep is interrupted.
class StopSignalsBlocked {
 public:
  StopSignalsBlocked() noexcept;
  StopSignalsBlocked(const StopSignalsBlocked&) = delete;
  StopSignalsBlocked& operator=(const StopSignalsBlocked&) = delete;
  ~StopSignalsBlocked();

 private:
  sigset_t before_{};
};

}  // namespace evo::machine
