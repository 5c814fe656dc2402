// SPDX-License-Identifier: Apache-2.0
/// When cycles begin, and which are missed.
#include "evo/cycle.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "evo/clock.hpp"
#include "evo/deadline_watch.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;
using detail::CycleSchedule;

TEST(CycleSchedule, FirstIsTheNextMultipleOfThePeriodPlusThePhase) {
  EXPECT_EQ(CycleSchedule(10, 0, 100).next_ns(), 110U) << "one that begins now is over";
  EXPECT_EQ(CycleSchedule(10, 0, 109).next_ns(), 110U);
  EXPECT_EQ(CycleSchedule(10, 3, 100).next_ns(), 103U);
  EXPECT_EQ(CycleSchedule(10, 3, 103).next_ns(), 113U);
  EXPECT_EQ(CycleSchedule(10, 23, 100).next_ns(), 103U) << "a phase counts modulo the period";
  EXPECT_EQ(CycleSchedule(1000, 300, 5).next_ns(), 300U) << "soon after the machine started";
}

TEST(CycleSchedule, SkipsWhatHasPassed) {
  CycleSchedule schedule(10, 0, 95);
  EXPECT_FALSE(schedule.is_due(99));
  EXPECT_TRUE(schedule.is_due(100));
  EXPECT_EQ(schedule.take(100), 0U);
  EXPECT_EQ(schedule.taken_ns(), 100U);
  EXPECT_EQ(schedule.take(119), 0U) << "late, but within its period";
  EXPECT_EQ(schedule.next_ns(), 120U);
  EXPECT_EQ(schedule.take(155), 3U);
  EXPECT_EQ(schedule.taken_ns(), 150U);
  EXPECT_EQ(schedule.next_ns(), 160U);
}

TEST(CycleSchedule, APhaseMayBeNegative) {
  EXPECT_EQ(detail::schedule_of(10ns, -3ns).next_ns() % 10, 7U);
}

TEST(Cycles, EndWhenTheyAreToStop) {
  std::atomic<bool> stop{false};
  std::uint64_t runs = 0;
  for (const Cycle& cycle : cycles(1ms, {}, &stop)) {
    EXPECT_EQ(cycle.number(), ++runs);
    if (runs == 3) stop = true;
  }
  EXPECT_EQ(runs, 3U);
  for ([[maybe_unused]] const Cycle& cycle : cycles(1h, {}, &stop)) FAIL() << "it was stopped";
}

TEST(Cycles, OfTwoThreadsKeepTheOrderOfTheirPhases) {
  std::vector<std::uint64_t> early;
  std::vector<std::uint64_t> later;
  const auto run = [](std::chrono::nanoseconds phase, std::vector<std::uint64_t>& times) {
    for (const Cycle& cycle : cycles(2ms, {.phase = phase})) {
      times.push_back(cycle.scheduled_ns());
      if (times.size() == 5) break;
    }
  };
  std::thread first([&] { run(0ms, early); });
  std::this_thread::sleep_for(700us);
  std::thread second([&] { run(1ms, later); });
  first.join();
  second.join();
  for (const std::uint64_t time : early) EXPECT_EQ(time % 2'000'000, 0U);
  for (const std::uint64_t time : later) EXPECT_EQ(time % 2'000'000, 1'000'000U);
}

TEST(Cycles, AreScheduledWithoutDriftAndDelaysAreCounted) {
  constexpr std::uint64_t kPeriodNs = 1'000'000;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t missed = 0;
  std::uint64_t runs = 0;
  for (const Cycle& cycle : cycles(std::chrono::nanoseconds(kPeriodNs))) {
    last = cycle.scheduled_ns();
    // On a busy machine, even the first one may come late.
    if (first == 0) {
      first = last;
    } else {
      missed += cycle.missed();
    }
    if (++runs == 50) break;
    if (runs == 20) std::this_thread::sleep_for(5ms);
  }
  EXPECT_GE(missed, 4U);
  EXPECT_EQ(last - first, kPeriodNs * (runs - 1 + missed));
}

TEST(Cycles, AWriterThatMissesOneIsLateInTheDeadlineWatch) {
  const TemporaryDomain directory;
  ChannelDescription channel = raw_channel("probe", 8);
  channel.period = 5ms;
  auto writer = RawStateWriter::create(channel, {.domain = directory.domain()}).value();
  ASSERT_TRUE(start_deadline_watch(directory.domain(), "probe"));
  std::uint64_t delays = 0;
  std::uint64_t cycles_run = 0;
  std::uint64_t last_ns = 0;
  for (const Cycle& cycle : cycles(5ms)) {
    // What the watch calls late: more than two periods from the end of one publish to that of the
    // next.
    if (last_ns != 0 && monotonic_ns() - last_ns > 10'000'000) ++delays;
    ASSERT_TRUE(writer.write(bytes_of(cycle.number())));
    last_ns = monotonic_ns();
    if (++cycles_run == 12) break;
    if (cycles_run % 4 == 0) std::this_thread::sleep_for(13ms);
  }
  const auto report = read_deadline_watch(directory.domain(), "probe");
  ASSERT_TRUE(report);
  EXPECT_GE(delays, 2U);
  EXPECT_GE(report->writer.late, delays);
}

}  // namespace
}  // namespace evo::test
