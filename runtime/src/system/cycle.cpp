// SPDX-License-Identifier: Apache-2.0
#include "evo/cycle.hpp"

#include <algorithm>
#include <ctime>

#include "evo/clock.hpp"
#include "system/kernel_time.hpp"

namespace evo {

Cycles::Cycles(std::chrono::nanoseconds period, CycleOptions options,
               const std::atomic<bool>* stop) noexcept
    : schedule_(detail::schedule_of(period, options.phase)), stop_(stop) {}

bool Cycles::is_stopped() const noexcept {
  // relaxed: only the flag itself is communicated.
  return stop_ != nullptr && stop_->load(std::memory_order_relaxed);
}

bool Cycles::wait() noexcept {
  std::uint64_t now = monotonic_ns();
  while (!is_stopped()) {
    if (schedule_.is_due(now)) {
      cycle_.take(schedule_, now);
      return true;
    }
    const timespec until = detail::kernel_time(schedule_.next_ns());
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    now = monotonic_ns();
  }
  return false;
}

}  // namespace evo
