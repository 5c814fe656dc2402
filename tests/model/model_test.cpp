// SPDX-License-Identifier: Apache-2.0
/// The shipped protocols under a weak memory model: every scenario holds in every execution, and
/// each weakened memory order is noticed by one of them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "mutants.hpp"
#include "scenarios.hpp"

namespace evo::model {
namespace {

class HoldsAlways : public testing::TestWithParam<std::size_t> {};

TEST_P(HoldsAlways, InEveryExecution) {
  const NamedScenario& each = scenarios().at(GetParam());
  const Exploration exploration = explore(each.scenario, each.limits);
  EXPECT_EQ(exploration.violations, 0U) << exploration.first_violation;
  EXPECT_TRUE(exploration.complete) << "there are too many states";
  RecordProperty("executions", static_cast<int>(exploration.executions));
  RecordProperty("states", static_cast<int>(exploration.states));
  fmt::print("{}: {} executions, {} states\n", each.name, exploration.executions,
             exploration.states);
}

std::string test_name(const testing::TestParamInfo<std::size_t>& info) {
  std::string name;
  bool upper = true;
  for (const char letter : scenarios().at(info.param).name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) {
      upper = true;
    } else {
      name += upper ? static_cast<char>(std::toupper(letter)) : letter;
      upper = false;
    }
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Protocol, HoldsAlways, testing::Range<std::size_t>(0, scenarios().size()),
                         test_name);

/// The scenario that mutants.md names, if it still notices; otherwise any that does.
std::optional<std::string> killer_of(const Mutants& mutants, const Mutation& mutation,
                                     std::string_view known) {
  const auto named = std::ranges::find(scenarios(), known, &NamedScenario::name);
  if (named != scenarios().end() && Mutants::is_killed_by(mutation, *named)) return named->name;
  return mutants.killer_of(mutation);
}

/// Compares with mutants.md, which also says why a survivor may survive. Only scripts/mutants tries
/// the survivors again, which takes a search in each scenario.
TEST(Mutants, AreKilledOrExplained) {
  const Mutants mutants;
  const std::vector<Row> expected = read_rows();
  const bool thorough = std::getenv("EVO_ALL_MUTANTS") != nullptr;
  std::vector<Row> found;
  for (const Mutant& mutant : mutants.all()) {
    SCOPED_TRACE(mutant.place + ", " + mutant.change);
    const auto row = std::find_if(expected.begin(), expected.end(), [&](const Row& each) {
      return each.place == mutant.place && each.change == mutant.change;
    });
    const bool explained = row != expected.end() && row->result.starts_with("survives: ");
    if (explained && !thorough) {
      found.push_back(*row);
      continue;
    }
    constexpr std::string_view kKilledBy = "killed by ";
    const bool known = row != expected.end() && row->result.starts_with(kKilledBy);
    const auto killer = killer_of(mutants, mutant.mutation,
                                  known ? row->result.substr(kKilledBy.size()) : std::string());
    EXPECT_TRUE(killer || explained)
        << "no scenario notices; add one, or say in mutants.md why none can";
    EXPECT_FALSE(killer && explained) << "killed after all, by " << *killer;
    EXPECT_TRUE(row != expected.end()) << "not in mutants.md";
    const std::string survives = explained ? row->result : "survives";
    found.push_back({mutant.place, mutant.change, killer ? "killed by " + *killer : survives});
  }
  EXPECT_EQ(found.size(), expected.size()) << "update mutants.md with: scripts/mutants --update";
  EXPECT_EQ(mutants.unreached(), std::vector<std::string>()) << "no scenario executes these lines";
  if (std::getenv("EVO_UPDATE_MUTANTS") != nullptr) write_rows(found);
}

}  // namespace
}  // namespace evo::model
