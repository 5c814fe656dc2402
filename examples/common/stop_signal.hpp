/// Ends a program's loop on SIGTERM, SIGINT and SIGHUP, so that its writers close their segments.
#pragma once

#include <signal.h>

namespace evo::cell {

/// From now on those signals only make `stop_requested` true and interrupt sleeps. A pipe that
/// nobody reads is an error of the one who writes, not the end of the program.
void catch_stop_signals() noexcept;

/// Whether one of them has come.
[[nodiscard]] bool stop_requested() noexcept;

/// Which one has come first; 0 if none.
[[nodiscard]] int stop_signal() noexcept;

/// While it lives, threads are started with those signals blocked: the main thread gets them and
/// is the one whose sleep they interrupt.
class StopSignalsBlocked {
 public:
  StopSignalsBlocked() noexcept;
  StopSignalsBlocked(const StopSignalsBlocked&) = delete;
  StopSignalsBlocked& operator=(const StopSignalsBlocked&) = delete;
  ~StopSignalsBlocked();

 private:
  sigset_t before_{};
};

}  // namespace evo::cell
