/// Nanoseconds of CLOCK_MONOTONIC at less than half of the clock's price.
///
/// The kernel's clock reads the time-stamp counter behind a fence, and scales it by what it knows
/// of the counter's rate. Where the kernel itself goes by that counter, so that it counts evenly,
/// on all cores alike and in every sleep state, a stamp is the counter without the fence, scaled
/// from the last look at the clock. That look is repeated after kLongestSpanNs, so that a stamp is
/// off by no more than the rate can be wrong in that time: some tens of nanoseconds.
///
/// I1: stamps never go back while the clock does not, also when the counter is set back or jumps
///     (a restored or migrated virtual machine). One case remains: a counter set back into the very
///     span that is being extrapolated. It goes unnoticed and costs less than kLongestSpanNs; to
///     notice it, each stamp would have to be stored.
/// I2: no stamp is ahead of the clock by more than kMostAheadNs while the counter counts evenly.
///     After a jump that holds again from the next look at the clock.
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
  /// The furthest that a stamp is ahead of the clock: what a rate that is wrong by the most that is
  /// believed, and the kernel's steering of its clock, make of the longest span.
  static constexpr std::uint64_t kMostAheadNs = kLongestSpanNs / 500;

  /// Asks the clock each time.
  StampClock() = default;
  /// Uses the counter if the kernel does. The first call in a process reads a file.
  static StampClock for_this_machine();
  /// Uses the counter, as if the kernel did.
  static StampClock by_counter();

  [[nodiscard]] std::uint64_t now() noexcept {
#if defined(__x86_64__)
    const std::uint64_t counter = __rdtsc();
    if (covers(counter)) [[likely]]
      return at(counter);
#endif
    return look();
  }

  /// Whether it knows the counter's rate.
  [[nodiscard]] bool extrapolates() const noexcept {
    return span_ != 0;
  }

  // What `now` decides, apart from reading the clocks. Tests invent both.

  /// Whether the stamp at this count needs no look at the clock.
  [[nodiscard]] bool covers(std::uint64_t counter) const noexcept {
    // Counted backwards, on a core that is behind, the difference is a very large number.
    return counter - counter_ < span_;
  }
  /// The stamp at a count that is covered.
  [[nodiscard]] std::uint64_t at(std::uint64_t counter) const noexcept {
    return ns_ + (((counter - counter_) * ns_per_tick_) >> kShift);
  }
  /// The stamp at a count that is not covered, when the clock says `ns`. Extrapolates from there.
  [[nodiscard]] std::uint64_t take_look(std::uint64_t counter, std::uint64_t ns) noexcept;
  /// The stamp when only the clock could be read. Extrapolates nothing until the rate is learnt
  /// again.
  [[nodiscard]] std::uint64_t take_clock_only(std::uint64_t ns) noexcept;

 private:
  static constexpr unsigned kShift = 32;

  /// Looks at the clock and, if the counter is used, at both at once.
  [[nodiscard]] std::uint64_t look() noexcept;
  /// The earliest stamp that does not go back when the clock says `ns`.
  [[nodiscard]] std::uint64_t not_before_the_last(std::uint64_t ns) const noexcept;
  /// The counter made this many ticks in this time.
  void learn(std::uint64_t ticks, std::uint64_t ns) noexcept;

  std::uint64_t counter_ = 0;      // at the last look; 0: there was none
  std::uint64_t ns_ = 0;           // the stamp of the last look
  std::uint64_t span_ = 0;         // ticks that may be extrapolated; none before the rate is known
  std::uint64_t ns_per_tick_ = 0;  // of stamps, times 2^kShift
  std::uint64_t clock_ns_ = 0;     // what the clock said at the last look
  std::uint64_t rate_ = 0;         // ns_per_tick_ as it was measured
  bool by_counter_ = false;
};

}  // namespace evo::detail
