// SPDX-License-Identifier: Apache-2.0
/// What an endpoint counts while a deadline watch is on, with times chosen by the test.
#include "evo/detail/deadline_recorder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "evo/deadline_watch.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kUs = 1000;
constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint32_t kFull = std::numeric_limits<std::uint32_t>::max();

/// One endpoint of a segment that does not exist.
class WatchedEnds : public testing::Test {
 protected:
  void start(std::uint32_t session, std::uint64_t deadline_ns, std::uint64_t write_deadline_ns = 0,
             std::uint64_t read_deadline_ns = 0) {
    control_.watch_deadline_ns = deadline_ns;
    control_.watch_write_deadline_ns = write_deadline_ns;
    control_.watch_read_deadline_ns = read_deadline_ns;
    control_.watch_session = session;
  }
  [[nodiscard]] detail::DeadlineRecorder watch(const detail::EndpointPromise& end) {
    return {&control_, &block_, end};
  }
  /// An operation of `took` ns that ends at `ended`.
  static void operate(detail::DeadlineRecorder& watch, std::uint64_t ended, std::uint64_t took = 0,
                      std::uint64_t stamp = 0) {
    watch.operation_began();
    watch.record(ended - took, ended, stamp);
  }
  [[nodiscard]] std::string figures() const {
    return fmt::format("{} operations, {} late, {} slow, {} stale", block_.operations.load(),
                       block_.late.load(), block_.slow.load(), block_.stale.load());
  }
  /// "bucket:count" for each bucket that is not empty.
  [[nodiscard]] std::string jitter() const {
    std::string text;
    for (std::size_t i = 0; i < block_.jitter.size(); ++i) {
      const std::uint32_t count = block_.jitter.at(i).load();
      if (count != 0) text += fmt::format("{}{}:{}", text.empty() ? "" : " ", i, count);
    }
    return text;
  }

  ControlFile control_;
  WatchBlock block_;
};

TEST(JitterBucket, DoublesFrom256Nanoseconds) {
  EXPECT_EQ(detail::jitter_bucket(0), 0U);
  for (std::size_t i = 0; i + 1 < WatchBlock::kJitterBuckets; ++i) {
    const std::uint64_t end = detail::jitter_bucket_end_ns(i);
    EXPECT_EQ(end, std::uint64_t{256} << i);
    EXPECT_EQ(detail::jitter_bucket(end - 1), i);
    EXPECT_EQ(detail::jitter_bucket(end), i + 1);
  }
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(detail::jitter_bucket(most), 15U);
  EXPECT_EQ(detail::jitter_bucket_end_ns(15), most);
}

TEST_F(WatchedEnds, IntervalsAreJudgedByTheDeadline) {
  start(1, 2 * kMs);
  auto watch = this->watch({.writes = true});
  for (const std::uint64_t at : {10 * kMs, 11 * kMs, 13 * kMs, 15 * kMs + 1, 16 * kMs}) {
    operate(watch, at);
  }
  EXPECT_EQ(figures(), "5 operations, 1 late, 0 slow, 0 stale")
      << "an interval of exactly the deadline is not late";
  EXPECT_EQ(block_.longest_interval_ns, 2 * kMs + 1);
}

TEST_F(WatchedEnds, AWriterWithoutADeadlineHasTwiceItsPeriod) {
  start(1, 0);
  auto watch = this->watch({.writes = true, .period_ns = kMs});
  for (const std::uint64_t at : {10 * kMs, 12 * kMs, 14 * kMs + 1}) operate(watch, at);
  EXPECT_EQ(figures(), "3 operations, 1 late, 0 slow, 0 stale");
}

TEST_F(WatchedEnds, WithoutDeadlineOrPeriodNothingIsLate) {
  start(1, 0);
  auto watch = this->watch({});
  for (const std::uint64_t at : {10 * kMs, 1000 * kMs}) operate(watch, at);
  EXPECT_EQ(figures(), "2 operations, 0 late, 0 slow, 0 stale");
  EXPECT_EQ(block_.longest_interval_ns, 990 * kMs);
}

TEST_F(WatchedEnds, WritersAndReadersHaveADeadlineOfTheirOwnForAnOperation) {
  start(1, 0, 1000 * kUs, 100 * kUs);
  auto writer = watch({.writes = true});
  operate(writer, 10 * kMs, 1000 * kUs);
  operate(writer, 20 * kMs, 1000 * kUs + 1);
  EXPECT_EQ(figures(), "2 operations, 0 late, 1 slow, 0 stale");
  EXPECT_EQ(block_.longest_duration_ns, 1000 * kUs + 1);
  auto reader = watch({});
  operate(reader, 10 * kMs, 100 * kUs);
  operate(reader, 20 * kMs, 100 * kUs + 1);
  EXPECT_EQ(figures(), "2 operations, 0 late, 1 slow, 0 stale");
  EXPECT_EQ(block_.longest_duration_ns, 100 * kUs + 1);
}

TEST_F(WatchedEnds, AgeIsJudgedByTheSchemaElseByTheDeadline) {
  start(1, 50 * kMs);
  auto watch = this->watch({.max_age_ns = 3 * kMs});
  operate(watch, 10 * kMs, 0, 7 * kMs);
  operate(watch, 20 * kMs, 0, 17 * kMs - 1);
  operate(watch, 30 * kMs, 0, 0);
  operate(watch, 40 * kMs, 0, 40 * kMs + 5);
  EXPECT_EQ(figures(), "4 operations, 0 late, 0 slow, 1 stale");
  EXPECT_EQ(block_.greatest_age_ns, 3 * kMs + 1);
  auto other = this->watch({});
  operate(other, 100 * kMs, 0, 50 * kMs);
  operate(other, 110 * kMs, 0, 60 * kMs - 1);
  EXPECT_EQ(figures(), "2 operations, 0 late, 0 slow, 1 stale");
}

TEST_F(WatchedEnds, AStampInTheFutureIsStaleWhateverTheDeadlines) {
  for (const std::uint64_t deadline : {std::uint64_t{0}, 50 * kMs}) {
    start(deadline == 0 ? 1 : 2, deadline);
    auto watch = this->watch({});
    operate(watch, 10 * kMs, 0, 10 * kMs + 2 * kUs);
    EXPECT_EQ(figures(), "1 operations, 0 late, 0 slow, 0 stale") << "within the tolerance";
    operate(watch, 20 * kMs, 0, 20 * kMs + 2 * kUs + 1);
    EXPECT_EQ(figures(), "2 operations, 0 late, 0 slow, 1 stale");
    EXPECT_EQ(block_.greatest_age_ns, 0U) << "its age is unknown";
  }
}

TEST_F(WatchedEnds, JitterIsTheDistanceFromThePeriod) {
  start(1, 0);
  auto watch = this->watch({.writes = true, .period_ns = kMs});
  // Jitter 0, 255, 256 (too short), 512, and one beyond the last bound.
  std::uint64_t at = kMs;
  operate(watch, at);
  for (const std::uint64_t interval : {kMs, kMs + 255, kMs - 256, kMs + 512, 100 * kMs}) {
    at += interval;
    operate(watch, at);
  }
  EXPECT_EQ(jitter(), "0:2 1:1 2:1 15:1");
}

TEST_F(WatchedEnds, WithoutAPeriodJitterIsTheDistanceFromTheIntervalBefore) {
  start(1, 0);
  auto watch = this->watch({});
  for (const std::uint64_t at : {1000U, 3000U, 5000U, 8000U}) operate(watch, at * kUs);
  EXPECT_EQ(jitter(), "0:1 12:1") << "none for the first interval, then 0, then 1 ms";
}

TEST_F(WatchedEnds, AFullBucketHalvesAll) {
  start(1, 0);
  auto watch = this->watch({.writes = true, .period_ns = kMs});
  operate(watch, 10 * kMs);
  block_.jitter[0] = kFull;
  block_.jitter[3] = 101;
  operate(watch, 11 * kMs);
  EXPECT_EQ(jitter(), fmt::format("0:{} 3:50", kFull / 2 + 1));
}

TEST_F(WatchedEnds, ANewSessionBeginsAtZero) {
  start(1, kMs);
  auto watch = this->watch({.writes = true, .period_ns = kMs});
  for (const std::uint64_t at : {10 * kMs, 20 * kMs}) operate(watch, at, 5);
  EXPECT_EQ(figures(), "2 operations, 1 late, 0 slow, 0 stale");
  EXPECT_EQ(block_.session, 1U);
  start(7, 0, 3);
  operate(watch, 90 * kMs, 4);
  EXPECT_EQ(block_.session, 7U);
  EXPECT_EQ(figures(), "1 operations, 0 late, 1 slow, 0 stale") << "judged by the new deadlines";
  EXPECT_EQ(block_.longest_interval_ns, 0U) << "an interval needs two operations in one session";
  EXPECT_EQ(block_.longest_duration_ns, 4U);
  EXPECT_EQ(jitter(), "");
}

TEST_F(WatchedEnds, WhatBeganWhenItWasSwitchedOffStillCounts) {
  start(1, 0);
  auto watch = this->watch({});
  operate(watch, 10 * kMs);
  control_.watch_session = 0;
  operate(watch, 20 * kMs);
  EXPECT_EQ(figures(), "2 operations, 0 late, 0 slow, 0 stale");
}

TEST_F(WatchedEnds, ANewEndFindsTheBlockOfItsPredecessorCleared) {
  block_.session = 4;
  block_.operations = 99;
  block_.jitter[2] = 5;
  [[maybe_unused]] const auto watch = this->watch({});
  EXPECT_EQ(block_.session, 0U);
  EXPECT_EQ(figures(), "0 operations, 0 late, 0 slow, 0 stale");
  EXPECT_EQ(jitter(), "");
}

TEST_F(WatchedEnds, ClocksThatDisagreeAreNoLongIntervals) {
  start(1, kMs, 1);
  auto watch = this->watch({.writes = true, .period_ns = kMs});
  watch.operation_began();
  watch.record(20 * kMs, 20 * kMs - 10, 0);
  operate(watch, 20 * kMs - 20);
  EXPECT_EQ(figures(), "2 operations, 0 late, 0 slow, 0 stale");
  EXPECT_EQ(block_.longest_interval_ns, 0U);
}

TEST(JitterHistogram, PercentileIsTheEndOfItsBucket) {
  JitterHistogram jitter;
  EXPECT_EQ(jitter.percentile(50), 0ns);
  jitter.counts[0] = 98;
  jitter.counts[4] = 1;
  jitter.counts[15] = 1;
  EXPECT_EQ(jitter.total(), 100U);
  EXPECT_EQ(jitter.percentile(0), 256ns);
  EXPECT_EQ(jitter.percentile(98), 256ns);
  EXPECT_EQ(jitter.percentile(98.5), 4096ns);
  EXPECT_EQ(jitter.percentile(99), 4096ns);
  EXPECT_EQ(jitter.percentile(100), std::chrono::nanoseconds::max());
}

}  // namespace
}  // namespace evo::test
