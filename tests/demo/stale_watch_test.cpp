// SPDX-License-Identifier: Apache-2.0
/// Which process is to blame for an old value.
#include "soak/stale_watch.hpp"

#include <gtest/gtest.h>

namespace evo::machine {
namespace {

using Verdict = StaleWatch::Verdict;

constexpr std::uint64_t kMaxAgeNs = 100;
constexpr std::uint64_t kLater = 50;  // a sequence late enough to be judged in any life

class StaleWatching : public testing::Test {
 protected:
  Verdict look(std::uint64_t sequence, std::uint64_t age_ns, bool alive = true) {
    return watch_.look({.sequence = sequence, .age_ns = age_ns, .writer_alive = alive},
                       [this] { return sleeps_; });
  }

  StaleWatch watch_{kMaxAgeNs};
  std::uint64_t sleeps_ = 1000;
};

TEST_F(StaleWatching, FreshValuesAreFine) {
  for (std::uint64_t n = 0; n < 100; ++n) {
    EXPECT_EQ(look(kLater + n, kMaxAgeNs), Verdict::Fine);
    sleeps_ += 100;
  }
  EXPECT_EQ(look(0, 1'000'000), Verdict::Fine) << "no value yet";
}

TEST_F(StaleWatching, AWriterThatRunsWithoutPublishingIsToBlameOnce) {
  EXPECT_EQ(look(kLater, kMaxAgeNs + 1), Verdict::Stalled);
  sleeps_ += StaleWatch::kSleeps - 1;
  EXPECT_EQ(look(kLater, kMaxAgeNs + 2), Verdict::Fine);
  ++sleeps_;
  EXPECT_EQ(look(kLater, kMaxAgeNs + 3), Verdict::Missed);
  EXPECT_EQ(look(kLater, kMaxAgeNs + 4), Verdict::Fine);
  EXPECT_EQ(look(kLater + 1, kMaxAgeNs + 1), Verdict::Stalled) << "the next value";
}

TEST_F(StaleWatching, AWriterThatDidNotRunIsNot) {
  EXPECT_EQ(look(kLater, kMaxAgeNs + 1), Verdict::Stalled);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(look(kLater, kMaxAgeNs + 2), Verdict::Fine);
  EXPECT_EQ(look(kLater + 1, 1), Verdict::Fine) << "it has caught up";
}

TEST_F(StaleWatching, WhatWasBeforeAFreshValueDoesNotCount) {
  EXPECT_EQ(look(kLater, kMaxAgeNs + 1), Verdict::Stalled);
  sleeps_ += StaleWatch::kSleeps - 1;
  EXPECT_EQ(look(kLater + 1, 1), Verdict::Fine);
  EXPECT_EQ(look(kLater + 1, kMaxAgeNs + 1), Verdict::Stalled);
  ++sleeps_;
  EXPECT_EQ(look(kLater + 1, kMaxAgeNs + 2), Verdict::Fine);
}

TEST_F(StaleWatching, ADeadWriterAndOneThatHasJustBegunHaveTime) {
  EXPECT_EQ(look(kLater, kMaxAgeNs + 1, false), Verdict::Stalled);
  sleeps_ += 100;
  EXPECT_EQ(look(kLater, kMaxAgeNs + 2, false), Verdict::Fine);
  watch_.begin_life(kLater);
  const std::uint64_t early = kLater + StaleWatch::kFirstPublishes - 1;
  EXPECT_EQ(look(early, kMaxAgeNs + 1), Verdict::Stalled);
  sleeps_ += 100;
  EXPECT_EQ(look(early, kMaxAgeNs + 2), Verdict::Fine);
  EXPECT_EQ(look(early + 1, kMaxAgeNs + 1), Verdict::Stalled);
  sleeps_ += 100;
  EXPECT_EQ(look(early + 1, kMaxAgeNs + 2), Verdict::Missed);
}

TEST_F(StaleWatching, WhoDoesNotComeBackAtAllIsToBlame) {
  for (const bool alive : {false, true}) {
    watch_.begin_life(kLater);
    EXPECT_EQ(look(kLater, kMaxAgeNs + 1, alive), Verdict::Stalled);
    for (std::uint64_t i = 1; i < StaleWatch::kAttempts; ++i) {
      ASSERT_EQ(look(kLater, kMaxAgeNs + 1, alive), Verdict::Fine) << i;
    }
    EXPECT_EQ(look(kLater, kMaxAgeNs + 1, alive), Verdict::Missed);
  }
}

}  // namespace
}  // namespace evo::machine
