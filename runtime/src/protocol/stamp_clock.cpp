#include "evo/detail/stamp_clock.hpp"

#include <algorithm>
#include <fstream>
#include <string>

#include "evo/clock.hpp"

namespace evo::detail {

namespace {

#if defined(__x86_64__)
/// A look at both clocks that took longer than this says too little about either.
constexpr std::uint64_t kLongestLookTicks = 1000;
constexpr int kLooks = 3;
#endif
/// The rate is learnt from looks that are this far from each other.
constexpr std::uint64_t kLeastLearnNs = 500'000;
constexpr std::uint64_t kMostLearnNs = 100'000'000;
/// The kernel steers its clock by no more than 1 in 2000. A rate that differs from the one before
/// by more than twice that was measured across a sleep of the machine or a jump of the counter.
constexpr std::uint64_t kSteering = 1000;

bool kernel_goes_by_counter() {
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string source;
  return file >> source && source == "tsc";
}

static_assert(StampClock::kMostAheadNs <= kStampToleranceNs, "no stamp seems to be in the future");

}  // namespace

StampClock StampClock::for_this_machine() {
  static const bool trusted = kernel_goes_by_counter();
  return trusted ? by_counter() : StampClock();
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
  for (int i = 0; i < kLooks; ++i) {
    const std::uint64_t before = __rdtsc();
    const std::uint64_t ns = monotonic_ns();
    const std::uint64_t took = __rdtsc() - before;
    if (took > kLongestLookTicks) continue;  // interrupted, or the counter was set back
    return take_look(before + took / 2, ns);
  }
  return take_clock_only(monotonic_ns());
#else
  return monotonic_ns();
#endif
}

std::uint64_t StampClock::not_before_the_last(std::uint64_t ns) const noexcept {
  // I1: none was later than the end of the span, nor (I2) than the clock by more than kMostAheadNs.
  // The second bound matters when the counter left the span before its time.
  const std::uint64_t end_of_span = ns_ + ((span_ * ns_per_tick_) >> kShift);
  return std::max(ns, std::min(end_of_span, ns + kMostAheadNs));
}

std::uint64_t StampClock::take_look(std::uint64_t counter, std::uint64_t ns) noexcept {
  const std::uint64_t stamp = not_before_the_last(ns);
  if (counter_ == 0 || counter < counter_) {
    // Nothing is known of how the counter came here. Were the old place kept, stamps would be
    // extrapolated from it when the counter comes by again, and go back by as long as that takes.
    span_ = 0;
  } else if (span_ == 0 && ns - clock_ns_ < kLeastLearnNs) {
    return stamp;  // too soon to learn anything
  } else {
    learn(counter - counter_, ns - clock_ns_);
  }
  counter_ = counter;
  clock_ns_ = ns;
  ns_ = stamp;
  // What the stamp is ahead is made up for within the longest span, so that it does not add up.
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
  // At most 2^27 ns, so the shift loses nothing.
  const std::uint64_t rate = (ns << kShift) / ticks;
  const std::uint64_t difference = rate > rate_ ? rate - rate_ : rate_ - rate;
  // Believed once two measurements agree: one alone may have a jump of the counter in it. That each
  // of two has one, and that both make the same rate, is not expected of any machine.
  const bool steady = rate != 0 && difference <= rate_ / kSteering;
  rate_ = rate;
  span_ = steady ? (kLongestSpanNs << kShift) / rate : 0;
}

}  // namespace evo::detail
