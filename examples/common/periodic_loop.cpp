// SPDX-License-Identifier: Apache-2.0
#include "common/periodic_loop.hpp"

#include <algorithm>
#include <bit>
#include <ctime>

#include "common/stop_signal.hpp"
#include "evo/clock.hpp"

namespace evo::machine {

bool sleep_until_ns(std::uint64_t deadline_ns) noexcept {
  const timespec deadline{static_cast<time_t>(deadline_ns / 1'000'000'000U),
                          static_cast<long>(deadline_ns % 1'000'000'000U)};
  return ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) == 0;
}

PeriodicLoop::PeriodicLoop(std::chrono::nanoseconds period) noexcept
    : period_ns_(static_cast<std::uint64_t>(period.count())),
      deadline_ns_(monotonic_ns()),
      began_ns_(deadline_ns_) {}

bool PeriodicLoop::wait() noexcept {
  const std::uint64_t now = monotonic_ns();
  deadline_ns_ += period_ns_;
  if (deadline_ns_ + period_ns_ < now) {
    // More than a period late: this cycle serves the newest deadline that has passed. Its delay is
    // measured from the oldest skipped one.
    record(now - deadline_ns_);
    deadline_ns_ += (now - deadline_ns_) / period_ns_ * period_ns_;
    began_ns_ = now;
    return !stop_requested();
  }
  while (!stop_requested() && !sleep_until_ns(deadline_ns_)) {
  }
  began_ns_ = monotonic_ns();
  if (stop_requested()) return false;
  record(began_ns_ - std::min(deadline_ns_, began_ns_));
  return true;
}

void PeriodicLoop::record(std::uint64_t lateness_ns) noexcept {
  ++cycles_;
  if (lateness_ns > period_ns_) ++misses_;
  lateness_max_ns_ = std::max(lateness_max_ns_, lateness_ns);
  const auto entry = static_cast<std::size_t>(std::bit_width(lateness_ns / 1000));
  ++lateness_histogram_[std::min(entry, lateness_histogram_.size() - 1)];
}

}  // namespace evo::machine
