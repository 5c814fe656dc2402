#include "evo/clock.hpp"

#include <gtest/gtest.h>

#include "evo/detail/stamp_clock.hpp"

namespace evo::test {
namespace {

std::uint64_t by_system_call() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

TEST(Clock, IsNanosecondsOfTheMonotonicClock) {
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t before = by_system_call();
    const std::uint64_t now = monotonic_ns();
    const std::uint64_t after = by_system_call();
    ASSERT_LE(before, now);
    ASSERT_LE(now, after);
  }
}

/// What a rate that is wrong by the most that is believed makes of the longest span, and the
/// steering of the clock itself.
constexpr std::uint64_t kToleranceNs = detail::StampClock::kLongestSpanNs / 500;

/// Over many spans, so that it learns, extrapolates and looks again.
void expect_stamps_near_the_clock(detail::StampClock clock) {
  std::uint64_t last = 0;
  const std::uint64_t end = by_system_call() + 30 * detail::StampClock::kLongestSpanNs;
  while (last < end) {
    const std::uint64_t before = by_system_call();
    const std::uint64_t now = clock.now();
    const std::uint64_t after = by_system_call();
    ASSERT_LE(before, now + kToleranceNs);
    ASSERT_LE(now, after + kToleranceNs);
    ASSERT_LE(last, now) << "a stamp went back";
    last = now;
  }
}

TEST(StampClock, IsNearTheMonotonicClockAndNeverGoesBack) {
  expect_stamps_near_the_clock(detail::StampClock());
  expect_stamps_near_the_clock(detail::StampClock::by_counter());
  expect_stamps_near_the_clock(detail::StampClock::for_this_machine());
}

TEST(StampClock, IsRightAfterAPauseOfAnyLength) {
  auto clock = detail::StampClock::by_counter();
  for (const long pause_us : {1, 100, 499, 600, 1000, 1500, 5000, 20'000, 120'000, 10, 2000}) {
    for (int i = 0; i < 3; ++i) static_cast<void>(clock.now());
    const timespec pause{0, pause_us * 1000};
    ::nanosleep(&pause, nullptr);
    const std::uint64_t before = by_system_call();
    const std::uint64_t now = clock.now();
    const std::uint64_t after = by_system_call();
    EXPECT_LE(before, now + kToleranceNs) << pause_us;
    EXPECT_LE(now, after + kToleranceNs) << pause_us;
  }
}

#if defined(__x86_64__)
TEST(StampClock, ExtrapolatesMostOfTheTime) {
  auto clock = detail::StampClock::by_counter();
  const std::uint64_t learnt = by_system_call() + 3 * detail::StampClock::kLongestSpanNs;
  while (by_system_call() < learnt) static_cast<void>(clock.now());
  EXPECT_TRUE(clock.extrapolates());
  EXPECT_FALSE(detail::StampClock().extrapolates());
}
#endif

}  // namespace
}  // namespace evo::test
