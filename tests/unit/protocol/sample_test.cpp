// SPDX-License-Identifier: Apache-2.0
#include "evo/sample.hpp"

#include <gtest/gtest.h>

#include <limits>

#include <counter.evo.hpp>
#include <probe.evo.hpp>

namespace evo::test {
namespace {

using namespace std::chrono_literals;

template <class S>
concept HasAge = requires(const S& sample) {
  sample.age();
};
template <class S>
concept HasFresh = requires(const S& sample) {
  sample.fresh();
};

// Without stamps, asking for the age does not compile.
static_assert(HasAge<Sample<probe::Probe>> && HasFresh<Sample<probe::Probe>>);
static_assert(!HasAge<Sample<probe::Counter>> && !HasFresh<Sample<probe::Counter>>);
static_assert(HasAge<SampleInfo> && HasFresh<SampleInfo>);
static_assert(!HasAge<UnstampedSampleInfo> && !HasFresh<UnstampedSampleInfo>);
static_assert(HasAge<Sample<int>>, "a type without a channel has the untyped ends' stamps");

TEST(Sample, AgeIsTheTimeSinceThePublish) {
  const std::uint64_t stamp = monotonic_ns();
  const SampleInfo info{.sequence = 1, .stamp_ns = stamp};
  const std::chrono::nanoseconds age = info.age();
  EXPECT_GE(age, 0ns);
  EXPECT_LE(age, std::chrono::nanoseconds(monotonic_ns() - stamp));
  const SampleInfo older{.sequence = 1, .stamp_ns = stamp - 1'000'000};
  EXPECT_GE(older.age(), 1ms);
}

TEST(Sample, AgeIsNeverNegative) {
  const SampleInfo info{.sequence = 1, .stamp_ns = monotonic_ns() + 3'600'000'000'000U};
  EXPECT_EQ(info.age(), 0ns);
  EXPECT_EQ((SampleInfo{.stamp_ns = std::numeric_limits<std::uint64_t>::max()}.age()), 0ns);
}

TEST(Sample, AStampInTheFutureIsNeverFresh) {
  for (const std::uint64_t ahead : {1'000'000'000ULL, 86'400'000'000'000ULL, 1ULL << 63U}) {
    const std::uint64_t stamp = monotonic_ns() + ahead;
    EXPECT_FALSE((SampleInfo{.stamp_ns = stamp, .max_age = 1h}.fresh())) << ahead;
    EXPECT_FALSE((SampleInfo{.stamp_ns = stamp}.fresh())) << ahead << ", without max_age";
  }
}

TEST(Sample, AStampMayBeALittleAheadOfTheClock) {
  EXPECT_FALSE(is_in_future(1'000'000, 1'000'000));
  EXPECT_FALSE(is_in_future(1'000'000 + kStampToleranceNs, 1'000'000));
  EXPECT_TRUE(is_in_future(1'000'001 + kStampToleranceNs, 1'000'000));
  EXPECT_FALSE(is_in_future(0, 1'000'000));
}

TEST(Sample, IsFreshUntilMaxAge) {
  const std::uint64_t long_ago = monotonic_ns() - 1'000'000'000U;
  EXPECT_FALSE((SampleInfo{.stamp_ns = long_ago, .max_age = 999ms}.fresh()));
  EXPECT_TRUE((SampleInfo{.stamp_ns = long_ago, .max_age = 1h}.fresh()));
  EXPECT_TRUE((SampleInfo{.stamp_ns = long_ago}.fresh())) << "no max_age: never stale";
}

TEST(Sample, TakesMaxAgeFromTheSchema) {
  Sample<probe::Probe> sample{};
  sample.stamp_ns = monotonic_ns() - 1'000'000'001U;  // the schema says 1 s
  EXPECT_FALSE(sample.fresh());
  sample.stamp_ns = monotonic_ns();
  EXPECT_TRUE(sample.fresh());
  sample.stamp_ns = monotonic_ns() + 1'000'000'000U;
  EXPECT_FALSE(sample.fresh());
}

}  // namespace
}  // namespace evo::test
