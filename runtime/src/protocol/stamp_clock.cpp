// SPDX-License-Identifier: Apache-2.0
#include "evo/detail/stamp_clock.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <string>

#include "evo/clock.hpp"
#include "protocol/counter_trust.hpp"

namespace evo::detail {

namespace {

#if defined(__x86_64__)
/// A reading of both clocks that took longer than this is too imprecise.
constexpr std::uint64_t kLongestLookTicks = 1000;
constexpr int kReadings = 3;
#endif
/// The rate is computed from readings that are at least this far and at most that far apart.
constexpr std::uint64_t kLeastLearnNs = 500'000;
constexpr std::uint64_t kMostLearnNs = 100'000'000;
/// The kernel adjusts its clock by at most 1 in 2000. If a rate differs from the previous one by
/// more than twice that, the machine slept or the counter jumped during the measurement.
constexpr std::uint64_t kSteering = 1000;

bool kernel_goes_by_counter() {
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string source;
  return file >> source && source == "tsc";
}

/// Set while a test steps the clock.
std::atomic<bool> counter_distrusted = false;

static_assert(StampClock::kMostAheadNs <= kStampToleranceNs, "no stamp seems to be in the future");

}  // namespace

StampClock StampClock::for_this_machine() {
  static const bool trusted = kernel_goes_by_counter();
  // relaxed: set by the thread that creates the endpoints.
  const bool distrusted = counter_distrusted.load(std::memory_order_relaxed);
  return trusted && !distrusted ? by_counter() : StampClock();
}

void distrust_counter(bool distrust) noexcept {
  counter_distrusted.store(distrust, std::memory_order_relaxed);
}

StampClock StampClock::by_counter() {
  StampClock clock;
#if defined(__x86_64__)
  clock.by_counter_ = true;
#endif
  return clock;
}

std::uint64_t StampClock::look() noexcept {
#if defined(__x86_64__)
  if (!by_counter_) return monotonic_ns();
  for (int i = 0; i < kReadings; ++i) {
    const std::uint64_t before = __builtin_ia32_rdtsc();
    const std::uint64_t ns = monotonic_ns();
    const std::uint64_t took = __builtin_ia32_rdtsc() - before;
    if (took > kLongestLookTicks) continue;  // interrupted, or the counter went back
    return take_look(before + took / 2, ns);
  }
  return take_clock_only(monotonic_ns());
#else
  return monotonic_ns();
#endif
}

std::uint64_t StampClock::not_before_the_last(std::uint64_t ns) const noexcept {
  // No stamp was later than the end of the span (I1), or ahead of the clock by more than
  // kMostAheadNs (I2). The second bound matters when the counter left the span early.
  const std::uint64_t end_of_span = ns_ + ((span_ * ns_per_tick_) >> kShift);
  return std::max(ns, std::min(end_of_span, ns + kMostAheadNs));
}

std::uint64_t StampClock::take_look(std::uint64_t counter, std::uint64_t ns) noexcept {
  const std::uint64_t stamp = not_before_the_last(ns);
  if (counter_ == 0 || counter < counter_) {
    // It is unknown how the counter arrived here. If the old base were kept, stamps would be
    // extrapolated from it when the counter reaches it again, and would go back by the time that
    // takes.
    span_ = 0;
  } else if (span_ == 0 && ns - clock_ns_ < kLeastLearnNs) {
    return stamp;  // too soon to measure a rate
  } else {
    learn(counter - counter_, ns - clock_ns_);
  }
  counter_ = counter;
  clock_ns_ = ns;
  ns_ = stamp;
  // The stamp's lead is worked off within the longest span, so that leads do not accumulate.
  ns_per_tick_ = rate_ - rate_ / kLongestSpanNs * (stamp - ns);
  return stamp;
}

std::uint64_t StampClock::take_clock_only(std::uint64_t ns) noexcept {
  ns_ = not_before_the_last(ns);
  span_ = 0;
  counter_ = 0;
  return ns_;
}

void StampClock::learn(std::uint64_t ticks, std::uint64_t ns) noexcept {
  if (ns < kLeastLearnNs || ns > kMostLearnNs || ticks == 0) return;
  // At most 2^27 ns, so the shift loses no bits.
  const std::uint64_t rate = (ns << kShift) / ticks;
  const std::uint64_t difference = rate > rate_ ? rate - rate_ : rate_ - rate;
  // Trusted once two measurements agree: a single one may include a jump of the counter. No machine
  // is expected to have a jump in both that leads to the same rate.
  const bool steady = rate != 0 && difference <= rate_ / kSteering;
  rate_ = rate;
  span_ = steady ? (kLongestSpanNs << kShift) / rate : 0;
}

}  // namespace evo::detail
