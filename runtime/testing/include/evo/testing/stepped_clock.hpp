// SPDX-License-Identifier: Apache-2.0
/// A clock that a test can put forward, so that values age without waiting.
#pragma once

#include <chrono>

namespace evo::testing {

/// As long as it exists, CLOCK_MONOTONIC of this process is ahead of the machine's by the steps so
/// far: `monotonic_ns()`, stamps, ages, `fresh()` and std::chrono::steady_clock go by it. So do
/// processes forked while it exists, such as scripted writers and readers; a Program does not. What
/// sleeps in the kernel, such as a reader that waits or std::this_thread::sleep_for, wakes by the
/// machine's clock.
///
/// Create it before the endpoints, and destroy it after them: the clock goes back then. Only one
/// can exist at a time. The test program gets a `clock_gettime` of its own when it links
/// evo::testing.
class SteppedClock {
 public:
  SteppedClock();
  SteppedClock(const SteppedClock&) = delete;
  SteppedClock& operator=(const SteppedClock&) = delete;
  ~SteppedClock();

  /// Puts the clock forward by `step`, for all these processes at the same moment.
  void advance(std::chrono::nanoseconds step);
};

}  // namespace evo::testing
