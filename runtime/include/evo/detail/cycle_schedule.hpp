// SPDX-License-Identifier: Apache-2.0
/// When cycles begin.
#pragma once

#include <cstdint>

#include "evo/clock.hpp"
#include "evo/detail/chrono.hpp"

namespace evo::detail {

/// Multiples of the period, plus the phase, of CLOCK_MONOTONIC: the times do not depend on when a
/// program started, so programs keep their order within a period, and no delay adds up.
///
/// I1: `next_ns` - phase is a multiple of the period.
class CycleSchedule {
 public:
  CycleSchedule() = default;
  /// The period is at least 1. The first cycle is the first one after `now_ns`.
  CycleSchedule(std::uint64_t period_ns, std::uint64_t phase_ns, std::uint64_t now_ns) noexcept
      : period_ns_(period_ns) {
    const std::uint64_t phase = phase_ns % period_ns;
    next_ns_ = now_ns < phase ? phase : now_ns - (now_ns - phase) % period_ns + period_ns;
  }

  [[nodiscard]] std::uint64_t next_ns() const noexcept { return next_ns_; }
  [[nodiscard]] bool is_due(std::uint64_t now_ns) const noexcept { return now_ns >= next_ns_; }

  /// Takes the newest cycle that is due, and returns how many are skipped before it.
  std::uint64_t take(std::uint64_t now_ns) noexcept {
    const std::uint64_t skipped = (now_ns - next_ns_) / period_ns_;
    next_ns_ += (skipped + 1) * period_ns_;
    return skipped;
  }
  /// The time of the cycle taken last.
  [[nodiscard]] std::uint64_t taken_ns() const noexcept { return next_ns_ - period_ns_; }

 private:
  std::uint64_t period_ns_ = 1;
  std::uint64_t next_ns_ = 0;
};

/// From now on. A period of less than 1 ns counts as 1 ns; the phase may be negative.
inline CycleSchedule schedule_of(std::chrono::nanoseconds period,
                                 std::chrono::nanoseconds phase) noexcept {
  const auto period_ns = period.count() < 1 ? 1 : period.count();
  auto phase_ns = phase.count() % period_ns;
  if (phase_ns < 0) phase_ns += period_ns;
  return {static_cast<std::uint64_t>(period_ns), static_cast<std::uint64_t>(phase_ns),
          monotonic_ns()};
}

}  // namespace evo::detail
