// SPDX-License-Identifier: Apache-2.0
/// A loop whose cycles begin at fixed times, whatever the duration of each.
///
/// The deadlines are absolute times of CLOCK_MONOTONIC, one period apart: a late cycle does not
/// delay later ones. Deadlines that have already passed are skipped, so that a long delay is
/// followed by one cycle, not by a burst of them; the late cycle counts as one miss.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace evo::machine {

class PeriodicLoop {
 public:
  explicit PeriodicLoop(std::chrono::nanoseconds period) noexcept;

  /// Sleeps until the next deadline. Returns early with false at a stop signal.
  [[nodiscard]] bool wait() noexcept;

  /// The scheduled and the actual start of this cycle, in nanoseconds of CLOCK_MONOTONIC.
  [[nodiscard]] std::uint64_t deadline_ns() const noexcept { return deadline_ns_; }
  [[nodiscard]] std::uint64_t began_ns() const noexcept { return began_ns_; }

  /// Number of cycles.
  [[nodiscard]] std::uint64_t cycles() const noexcept { return cycles_; }

  /// Cycles that began more than one period late.
  [[nodiscard]] std::uint64_t misses() const noexcept { return misses_; }

  /// Maximum delay of a cycle's start after its deadline.
  [[nodiscard]] std::uint64_t lateness_max_ns() const noexcept { return lateness_max_ns_; }

  /// Histogram of the delays: entry i counts those less than 2^i us that no earlier entry counts;
  /// the last entry counts all others.
  [[nodiscard]] const std::array<std::uint64_t, 16>& lateness_histogram() const noexcept {
    return lateness_histogram_;
  }

 private:
  void record(std::uint64_t lateness_ns) noexcept;

  std::uint64_t period_ns_;
  std::uint64_t deadline_ns_;
  std::uint64_t began_ns_;
  std::uint64_t cycles_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t lateness_max_ns_ = 0;
  std::array<std::uint64_t, 16> lateness_histogram_{};
};

/// Sleeps until a time of CLOCK_MONOTONIC; false if a signal ended the sleep.
bool sleep_until_ns(std::uint64_t deadline_ns) noexcept;

}  // namespace evo::machine
