// SPDX-License-Identifier: Apache-2.0
/// Fixed seeds of the life-cycle fuzzer. `lifecycle_fuzzer --seed N` repeats one of them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sequence.hpp"

namespace evo::test::lifecycle {
namespace {

constexpr std::uint64_t kSeeds = 150;

TEST(Lifecycle, KeepsEveryPromise) {
  std::size_t steps = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome outcome = run_seed(seed);
    steps += outcome.ran.steps.size();
    if (!outcome.violation) continue;
    const Outcome shortest = shrink(outcome);
    FAIL() << "seed " << seed << ": " << *shortest.violation << "\n" << to_text(shortest.ran);
  }
  fmt::print("{} sequences, {} operations\n", kSeeds, steps);
}

TEST(Lifecycle, ASequenceSurvivesItsText) {
  const Outcome outcome = run_seed(1);
  const std::string text = to_text(outcome.ran);
  EXPECT_GT(outcome.ran.steps.size(), 20U);
  EXPECT_EQ(to_text(from_text(text)), text);
  EXPECT_EQ(to_text(run_sequence(from_text(text)).ran), text) << "a repeated run skips steps";
}

}  // namespace
}  // namespace evo::test::lifecycle
