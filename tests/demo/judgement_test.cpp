// SPDX-License-Identifier: Apache-2.0
/// A soak run passes only if every figure that must be zero is zero.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "soak/soak.hpp"

namespace evo::machine {
namespace {

SoakResult good() {
  SoakResult result;
  result.kills = {{"hal_core", 3}, {"readers", 1}};
  result.stalls = 2;
  result.reads = 1000;
  result.files_before = result.files_after = 18;
  result.long_lived = {
      {.name = "reader",
       .before = {.resident_bytes = 5'000'000, .descriptors = 9},
       .after = {.resident_bytes = 5'000'000 + kResidentGrowth, .descriptors = 9}}};
  return result;
}

/// The only fault of a result that differs from a good one by `change`.
template <class Change>
std::string fault_after(Change&& change) {
  SoakResult result = good();
  change(result);
  const std::vector<std::string> faults = judge(result);
  return faults.size() == 1 ? faults.front() : fmt::format("{} faults", faults.size());
}

TEST(SoakJudgement, PassesAGoodRun) {
  EXPECT_TRUE(judge(good()).empty());
}

TEST(SoakJudgement, FailsForEachThingThatIsNotZero) {
  EXPECT_EQ(fault_after([](SoakResult& result) { result.misses = 1; }), "1 values missed");
  EXPECT_EQ(fault_after([](SoakResult& result) { result.torn = 2; }), "2 values torn");
  EXPECT_EQ(fault_after([](SoakResult& result) { result.vanished = 3; }), "3 values vanished");
  EXPECT_EQ(fault_after([](SoakResult& result) { result.broken = 4; }), "4 breaks in the streams");
  EXPECT_EQ(fault_after([](SoakResult& result) { result.errors = {"a line"}; }), "a line");
  EXPECT_EQ(fault_after([](SoakResult& result) { result.leftovers = {"evo_x"}; }),
            "files were left in the domain: evo_x");
  EXPECT_EQ(fault_after([](SoakResult& result) { ++result.files_after; }),
            "the domain had 18 files, then 19");
  EXPECT_EQ(fault_after([](SoakResult& result) { ++result.long_lived[0].after.descriptors; }),
            "reader had 9 open descriptors, then 10");
  EXPECT_EQ(fault_after([](SoakResult& result) { ++result.long_lived[0].after.resident_bytes; }),
            "reader grew by 1.0 MiB");
  EXPECT_EQ(fault_after([](SoakResult& result) { result.kills[1].second = 0; }),
            "no kill of readers: the run was too short");
}

TEST(SoakJudgement, KeepsTheFirstErrorsAndCountsTheOthers) {
  SoakResult result = good();
  for (std::size_t i = 0; i < SoakResult::kErrorsKept + 5; ++i) result.add_error("a line");
  const std::vector<std::string> faults = judge(result);
  ASSERT_EQ(faults.size(), SoakResult::kErrorsKept + 1);
  EXPECT_EQ(faults.back(), "5 more errors");
}

TEST(ProcessFigures, AreThoseOfTheProcess) {
  const ProcessFigures before = figures_of(::getpid());
  EXPECT_GT(before.resident_bytes, 0U);
  const int descriptor = ::dup(STDERR_FILENO);
  EXPECT_EQ(figures_of(::getpid()).descriptors, before.descriptors + 1);
  ::close(descriptor);
  const std::uint64_t sleeps = sleeps_of(::getpid());
  for (int i = 0; i < 3; ++i) ::usleep(1000);
  EXPECT_GE(sleeps_of(::getpid()), sleeps + 3);
  EXPECT_EQ(figures_of(-1).resident_bytes + figures_of(-1).descriptors + sleeps_of(-1), 0U);
}

}  // namespace
}  // namespace evo::machine
