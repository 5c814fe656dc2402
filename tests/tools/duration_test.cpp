// SPDX-License-Identifier: Apache-2.0
/// Durations and ages as evo-shm prints and parses them.
#include "text/duration.hpp"

#include <gtest/gtest.h>

namespace evo::test {
namespace {

using namespace std::chrono_literals;
using tools::in_words;
using tools::parse_duration;

TEST(Duration, IsWrittenInTheLargestUnitThatFits) {
  EXPECT_EQ(in_words(0ns), "0");
  EXPECT_EQ(in_words(999ns), "999 ns");
  EXPECT_EQ(in_words(1234567ns), "1.235 ms");
  EXPECT_EQ(in_words(119s), "119 s");
  EXPECT_EQ(in_words(120s), "2 min");
  EXPECT_EQ(in_words(12'000s), "3.333 h");
  EXPECT_EQ(in_words(47h), "47 h");
  EXPECT_EQ(in_words(54h), "2.25 d");
  EXPECT_EQ(in_words(std::chrono::nanoseconds::max()), "more");
}

TEST(Duration, IsNeverWrittenWithAnExponent) {
  for (auto time = 1ns; time.count() > 0 && time < std::chrono::nanoseconds::max() / 11;
       time = time * 11 / 10 + 1ns) {
    EXPECT_EQ(in_words(time).find('e'), std::string::npos) << in_words(time);
  }
  EXPECT_EQ(in_words(std::chrono::hours(24 * 36'500)), "36500 d");
}

TEST(Duration, IsReadWithItsUnit) {
  EXPECT_EQ(parse_duration("250us"), 250us);
  EXPECT_EQ(parse_duration("5min"), 5min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("0"), 0ns);
  for (const char* wrong : {"", "5", "-1s", "1.5s", "s", "1 s", "1sec", "106752d"}) {
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace evo::test
