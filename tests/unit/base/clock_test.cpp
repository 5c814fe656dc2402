// SPDX-License-Identifier: Apache-2.0
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

constexpr std::uint64_t kToleranceNs = detail::StampClock::kMostAheadNs;

/// Over many spans, so that the clock learns, extrapolates and looks again.
void expect_stamps_near_the_clock(detail::StampClock clock) {
  std::uint64_t last = 0;
  const std::uint64_t end = by_system_call() + 30 * detail::StampClock::kLongestSpanNs;
  while (last < end) {
    const std::uint64_t before = by_system_call();
    const std::uint64_t now = clock.now();
    const std::uint64_t after = by_system_call();
    ASSERT_LE(before, now + kToleranceNs);
    ASSERT_LE(now, after + kToleranceNs);
    ASSERT_LE(last, now) << "a stamp went back in time";
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

/// A stamp clock with a simulated counter and clock: one tick per nanosecond, far from zero.
class InventedCounter {
 public:
  /// Advances time, then takes a stamp.
  std::uint64_t stamp_after(std::uint64_t ns) {
    now_ns_ += ns;
    counter_ += ns;
    return clock_.covers(counter_) ? clock_.at(counter_) : clock_.take_look(counter_, now_ns_);
  }
  void learn() {
    for (int i = 0; i < 40; ++i) static_cast<void>(stamp_after(100'000));
  }
  void jump(std::int64_t ticks) { counter_ += static_cast<std::uint64_t>(ticks); }
  [[nodiscard]] bool extrapolates() const { return clock_.extrapolates(); }
  [[nodiscard]] std::uint64_t clock_ns() const { return now_ns_; }
  detail::StampClock& clock() { return clock_; }

 private:
  detail::StampClock clock_;
  std::uint64_t counter_ = 1'000'000'000'000;
  std::uint64_t now_ns_ = 5'000'000'000;
};

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(StampClock, StampsFollowTheClockThroughASetBackOfTheCounter) {
  InventedCounter machine;
  machine.learn();
  ASSERT_TRUE(machine.extrapolates());
  machine.jump(-2 * kSecond);
  // Long enough for the counter to pass its old value again.
  std::uint64_t last = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t stamp = machine.stamp_after(300'000);
    ASSERT_GE(stamp, last) << "went back in time after " << i << " stamps";
    ASSERT_GE(stamp + kToleranceNs, machine.clock_ns());
    ASSERT_LE(stamp, machine.clock_ns() + kToleranceNs);
    last = stamp;
  }
  EXPECT_TRUE(machine.extrapolates()) << "the rate has been learned again";
}

TEST(StampClock, AJumpOfTheCounterPushesNoStampIntoTheFuture) {
  for (const std::int64_t ticks : {-2 * kSecond, 2 * kSecond}) {
    InventedCounter machine;
    machine.learn();
    // The span reaches 1 ms ahead of the clock, but no stamp so far does.
    const std::uint64_t before = machine.stamp_after(10'000);
    machine.jump(ticks);
    const std::uint64_t stamp = machine.stamp_after(10'000);
    EXPECT_GE(stamp, before);
    EXPECT_LE(stamp, machine.clock_ns() + kToleranceNs) << ticks;
  }
}

TEST(StampClock, ARateWithAJumpInItIsNotBelieved) {
  for (const std::int64_t ticks : {-400'000L, 2 * kSecond}) {
    InventedCounter machine;
    static_cast<void>(machine.stamp_after(0));
    machine.jump(ticks);
    for (int i = 0; i < 100; ++i) {
      const std::uint64_t stamp = machine.stamp_after(510'000);
      ASSERT_LE(stamp, machine.clock_ns() + kToleranceNs) << ticks;
      ASSERT_GE(stamp + kToleranceNs, machine.clock_ns()) << ticks;
    }
  }
}

TEST(StampClock, AfterLooksThatFailedItExtrapolatesNothing) {
  InventedCounter machine;
  machine.learn();
  const std::uint64_t before = machine.stamp_after(1000);
  const std::uint64_t stamp = machine.clock().take_clock_only(machine.clock_ns());
  EXPECT_GE(stamp, before);
  EXPECT_LE(stamp, machine.clock_ns() + kToleranceNs);
  EXPECT_FALSE(machine.extrapolates());
  EXPECT_GE(machine.stamp_after(1000), stamp);
}

}  // namespace
}  // namespace evo::test
