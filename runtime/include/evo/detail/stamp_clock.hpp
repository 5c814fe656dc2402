// SPDX-License-Identifier: Apache-2.0
/// Nanoseconds of CLOCK_MONOTONIC at less than half the cost of the kernel's clock.
///
/// The kernel's clock reads the time-stamp counter after a fence, and scales it by its estimate of
/// the counter's rate. If the kernel itself uses that counter, the counter advances evenly, on all
/// cores alike and in every sleep state. Then a stamp is the counter without the fence, scaled from
/// the last read of the clock. The clock is read again after kLongestSpanNs, so that a stamp is off
/// by no more than the error of the rate in that time: a few tens of ns.
///
/// I1: stamps never go back while the clock does not, even if the counter is set back or jumps (a
///     restored or migrated virtual machine). One case remains: a counter set back into the very
///     span that is being extrapolated. It goes unnoticed, and stamps go back by less than
///     kLongestSpanNs; to notice it, each stamp would have to be stored.
/// I2: no stamp is ahead of the clock by more than kMostAheadNs while the counter advances evenly.
///     After a jump, that holds again from the next read of the clock.
#pragma once

#include <cstdint>

namespace evo::detail {

class StampClock {
 public:
  /// Longest time that is extrapolated.
  static constexpr std::uint64_t kLongestSpanNs = 1'000'000;
  /// The most that a stamp may be ahead of the clock: the sum, over the longest span, of the
  /// largest error of an accepted rate and the kernel's adjustments of its clock.
  static constexpr std::uint64_t kMostAheadNs = kLongestSpanNs / 500;

  /// Reads the clock each time.
  StampClock() = default;
  /// Uses the counter if the kernel does. The first call in a process reads a file.
  static StampClock for_this_machine();
  /// Uses the counter, as if the kernel did.
  static StampClock by_counter();

  [[nodiscard]] std::uint64_t now() noexcept {
#if defined(__x86_64__)
    const std::uint64_t counter = __builtin_ia32_rdtsc();
    if (covers(counter)) [[likely]]
      return at(counter);
#endif
    return look();
  }

  /// Whether the counter's rate is known.
  [[nodiscard]] bool extrapolates() const noexcept {
    return span_ != 0;
  }

  // The decisions of `now`, without reading the clocks. Tests make up both readings.

  /// Whether the stamp at this count needs no read of the clock.
  [[nodiscard]] bool covers(std::uint64_t counter) const noexcept {
    // On a core whose counter lags, the difference wraps to a very large number.
    return counter - counter_ < span_;
  }
  /// The stamp at a covered count.
  [[nodiscard]] std::uint64_t at(std::uint64_t counter) const noexcept {
    return ns_ + (((counter - counter_) * ns_per_tick_) >> kShift);
  }
  /// The stamp at a count that is not covered, when the clock reads `ns`. Extrapolates from there.
  [[nodiscard]] std::uint64_t take_look(std::uint64_t counter, std::uint64_t ns) noexcept;
  /// The stamp when only the clock could be read. Extrapolates nothing until the rate is learnt
  /// again.
  [[nodiscard]] std::uint64_t take_clock_only(std::uint64_t ns) noexcept;

 private:
  static constexpr unsigned kShift = 32;

  /// Reads the clock, together with the counter if that is used.
  [[nodiscard]] std::uint64_t look() noexcept;
  /// The earliest stamp that does not go back, when the clock reads `ns`.
  [[nodiscard]] std::uint64_t not_before_the_last(std::uint64_t ns) const noexcept;
  /// Learns the rate: the counter advanced by `ticks` in `ns` nanoseconds.
  void learn(std::uint64_t ticks, std::uint64_t ns) noexcept;

  std::uint64_t counter_ = 0;      // at the last read of the clock; 0: there was none
  std::uint64_t ns_ = 0;           // the stamp of that read
  std::uint64_t span_ = 0;         // ticks that may be extrapolated; 0 before the rate is known
  std::uint64_t ns_per_tick_ = 0;  // of stamps, times 2^kShift
  std::uint64_t clock_ns_ = 0;     // the clock at that read
  std::uint64_t rate_ = 0;         // ns_per_tick_ as measured
  bool by_counter_ = false;
};

}  // namespace evo::detail
