/// Nanoseconds of CLOCK_MONOTONIC at less than half of the clock's price.
///
/// The kernel's clock reads the time-stamp counter behind a fence, and scales it by what it knows
/// of the counter's rate. Where the kernel itself goes by that counter, so that it counts evenly,
/// on all cores alike and in every sleep state, a stamp is the counter without the fence, scaled
/// from the last look at the clock. That look is repeated after kLongestSpanNs, so that a stamp is
/// off by no more than the rate can be wrong in that time: some tens of nanoseconds.
///
/// I1: stamps never go back.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace evo::detail {

class StampClock {
 public:
  /// Longest time that is extrapolated.
  static constexpr std::uint64_t kLongestSpanNs = 1'000'000;

  /// Asks the clock each time.
  StampClock() = default;
  /// Uses the counter if the kernel does. The first call in a process reads a file.
  static StampClock for_this_machine();
  /// Uses the counter, as if the kernel did.
  static StampClock by_counter();

  [[nodiscard]] std::uint64_t now() noexcept {
#if defined(__x86_64__)
    // Counted backwards, on a core that is behind, it is a very large number.
    const std::uint64_t elapsed = __rdtsc() - counter_;
    if (elapsed < span_) [[likely]]
      return ns_ + ((elapsed * ns_per_tick_) >> kShift);
#endif
    return look();
  }

  /// Whether it knows the counter's rate.
  [[nodiscard]] bool extrapolates() const noexcept {
    return span_ != 0;
  }

 private:
  static constexpr unsigned kShift = 32;

  /// Looks at the clock and, if the counter is used, at both at once, and begins anew there.
  [[nodiscard]] std::uint64_t look() noexcept;
  void begin_at(std::uint64_t counter, std::uint64_t ns) noexcept;
  /// The counter made so many ticks in this time.
  void learn(std::uint64_t ticks, std::uint64_t ns) noexcept;

  std::uint64_t counter_ = 0;      // at the last look
  std::uint64_t ns_ = 0;           // at the last look
  std::uint64_t span_ = 0;         // ticks that may be extrapolated; none before the rate is known
  std::uint64_t ns_per_tick_ = 0;  // times 2^kShift
  bool by_counter_ = false;
};

}  // namespace evo::detail
