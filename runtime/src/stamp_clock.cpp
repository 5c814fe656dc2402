#include "evo/detail/stamp_clock.hpp"

#include <algorithm>
#include <fstream>
#include <string>

#include "evo/clock.hpp"

namespace evo::detail {

namespace {

#if defined(__x86_64__)
/// A look at both clocks that took longer than this says too little about either.
constexpr std::uint64_t kLongestLookTicks = 2000;
constexpr int kLooks = 3;
/// The rate is learnt from looks that are this far from each other.
constexpr std::uint64_t kLeastLearnNs = 500'000;
constexpr std::uint64_t kMostLearnNs = 100'000'000;
/// The kernel steers its clock by no more than 1 in 2000. Another rate than before by more than
/// twice that was measured across a sleep of the machine.
constexpr std::uint64_t kSteering = 1000;
#endif

bool kernel_goes_by_counter() {
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string source;
  return file >> source && source == "tsc";
}

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
  // I1: stamps were given as far as this.
  const std::uint64_t reached = ns_ + ((span_ * ns_per_tick_) >> kShift);
  for (int i = 0; i < kLooks; ++i) {
    const std::uint64_t before = __rdtsc();
    const std::uint64_t ns = monotonic_ns();
    const std::uint64_t took = __rdtsc() - before;
    if (took > kLongestLookTicks) continue;  // interrupted
    const std::uint64_t counter = before + took / 2;
    if (counter_ == 0) {
      begin_at(counter, ns);
    } else if (counter < counter_ || (span_ == 0 && ns - ns_ < kLeastLearnNs)) {
      return std::max(ns, ns_);  // too soon to learn anything
    } else {
      learn(counter - counter_, ns - ns_);
      begin_at(counter, std::max(ns, reached));
    }
    return ns_;
  }
  return std::max(monotonic_ns(), reached);
#else
  return monotonic_ns();
#endif
}

void StampClock::begin_at(std::uint64_t counter, std::uint64_t ns) noexcept {
  counter_ = counter;
  ns_ = ns;
}

void StampClock::learn(std::uint64_t ticks, std::uint64_t ns) noexcept {
#if defined(__x86_64__)
  if (ns < kLeastLearnNs || ns > kMostLearnNs || ticks == 0) return;
  // At most 2^27 ns, so the shift loses nothing.
  const std::uint64_t rate = (ns << kShift) / ticks;
  const std::uint64_t difference = rate > ns_per_tick_ ? rate - ns_per_tick_ : ns_per_tick_ - rate;
  const bool steady = span_ == 0 || difference <= ns_per_tick_ / kSteering;
  ns_per_tick_ = rate;
  span_ = steady && rate != 0 ? (kLongestSpanNs << kShift) / rate : 0;
#endif
}

}  // namespace evo::detail
