// SPDX-License-Identifier: Apache-2.0
#include "common/latency_histogram.hpp"

#include <gtest/gtest.h>

namespace evo::machine {
namespace {

TEST(LatencyHistogram, IsEmptyAtFirst) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.quantile_ns(0.5), 0U);
}

TEST(LatencyHistogram, QuantilesAreSixPercentExact) {
  LatencyHistogram histogram;
  for (std::uint64_t ns = 1; ns <= 100'000; ++ns) histogram.add(ns);
  for (const double fraction : {0.0001, 0.01, 0.5, 0.9, 0.99, 1.0}) {
    const double exact = fraction * 100'000;
    const auto found = static_cast<double>(histogram.quantile_ns(fraction));
    EXPECT_GE(found, exact) << fraction;
    EXPECT_LE(found, exact * 1.0625 + 1) << fraction;
  }
  EXPECT_EQ(histogram.quantile_ns(1), 100'000U);
}

TEST(LatencyHistogram, TakesTheWholeRange) {
  for (const std::uint64_t ns :
       {std::uint64_t{0}, std::uint64_t{31}, std::uint64_t{32}, std::uint64_t{63}, UINT64_MAX}) {
    LatencyHistogram histogram;
    histogram.add(ns);
    EXPECT_EQ(histogram.quantile_ns(0.5), ns);
    EXPECT_EQ(histogram.max_ns(), ns);
  }
}

TEST(LatencyHistogram, AddsUp) {
  LatencyHistogram few;
  LatencyHistogram many;
  few.add(1'000);
  for (int i = 0; i < 99; ++i) many.add(10);
  many.add(few);
  EXPECT_EQ(many.count(), 100U);
  EXPECT_EQ(many.quantile_ns(0.99), 10U);
  EXPECT_EQ(many.max_ns(), 1'000U);
}

}  // namespace
}  // namespace evo::machine
