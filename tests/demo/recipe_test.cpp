// SPDX-License-Identifier: Apache-2.0
#include "recipe_executor/recipe.hpp"

#include <gtest/gtest.h>

#include "recipe_executor/recipe_run.hpp"

namespace evo::machine {
namespace {

using namespace std::chrono_literals;
using cell::recipe::RecipeState;

const Recipe kTwoSteps{
    .name = "two steps",
    .steps = {{.setpoint_percent = 20, .duration = 2s}, {.setpoint_percent = 40, .duration = 1s}}};

cell::recipe::PhysOutputIo published(const RecipeRun& run) {
  cell::recipe::PhysOutputIo value;
  run.copy_to(value);
  return value;
}

TEST(Recipe, IsReadFromJson) {
  const auto recipe =
      parse_recipe(R"({"name": "r", "steps": [{"setpoint_percent": 12.5, "duration_s": 0.5}]})");
  ASSERT_TRUE(recipe) << recipe.error();
  EXPECT_EQ(recipe->name, "r");
  ASSERT_EQ(recipe->steps.size(), 1U);
  EXPECT_EQ(recipe->steps[0].setpoint_percent, 12.5);
  EXPECT_EQ(recipe->steps[0].duration, 500ms);
}

TEST(Recipe, SaysWhatIsWrongAndWhere) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"", "not JSON"},
      {"[]", "the recipe has to be an object with name, steps"},
      {R"({"name": "r"})", "lacks 'steps'"},
      {R"({"name": 1, "steps": [{}]})", "'name' has to be a text"},
      {R"({"name": "r", "steps": []})", "at least one step"},
      {R"({"name": "r", "steps": [7]})", "steps[0] has to be an object"},
      {R"({"name": "r", "stepps": [], "steps": [{}]})", "has no 'stepps'"},
      {R"({"name": "r", "steps": [{"setpoint_percent": 101, "duration_s": 1}]})",
       "steps[0].setpoint_percent has to be a number from 0 to 100, not 101"},
      {R"({"name": "r", "steps": [{"setpoint_percent": 1, "duration_s": "x"}]})",
       "steps[0].duration_s has to be a number"},
      {R"({"name": "r", "steps": [{"setpoint_percent": 1, "duration_s": 0}]})",
       "steps[0].duration_s has to be a number"}};
  for (const auto& [text, words] : cases) {
    const auto recipe = parse_recipe(text);
    ASSERT_FALSE(recipe) << text;
    EXPECT_NE(recipe.error().find(words), std::string::npos) << recipe.error();
  }
}

TEST(RecipeRun, GoesThroughItsSteps) {
  RecipeRun run(kTwoSteps);
  EXPECT_FALSE(run.active());
  run.advance(10s);
  EXPECT_EQ(published(run).recipe_state, RecipeState::Idle);
  run.start(0);  // at the written speed
  EXPECT_EQ(run.setpoint_percent(), 20);
  run.advance(1999ms);
  EXPECT_EQ(published(run).step_remaining_ms, 1U);
  run.advance(500ms);
  EXPECT_EQ(published(run).step_index, 1U);
  EXPECT_EQ(published(run).step_remaining_ms, 501U);  // the overrun of the first step counts
  EXPECT_EQ(run.setpoint_percent(), 40);
  run.advance(501ms);
  EXPECT_EQ(published(run).recipe_state, RecipeState::Finished);
  EXPECT_EQ(run.setpoint_percent(), 0);
  EXPECT_FALSE(run.active());
}

TEST(RecipeRun, RunsFasterOnDemand) {
  RecipeRun run(kTwoSteps);
  run.start(2);
  run.advance(1100ms);
  EXPECT_EQ(published(run).step_index, 1U);
  run.advance(100h);
  EXPECT_EQ(published(run).recipe_state, RecipeState::Finished);
}

TEST(RecipeRun, ObeysStopAndHold) {
  RecipeRun run(kTwoSteps);
  run.stop();
  EXPECT_EQ(published(run).recipe_state, RecipeState::Idle);
  run.start(1);
  run.stop();
  EXPECT_EQ(published(run).recipe_state, RecipeState::Stopped);
  EXPECT_EQ(run.setpoint_percent(), 0);
  run.hold(300);
  EXPECT_EQ(published(run).recipe_state, RecipeState::Manual);
  EXPECT_EQ(run.setpoint_percent(), 100);
  run.advance(100h);
  EXPECT_TRUE(run.active());
}

TEST(RecipeRun, GoesOnWhereAFormerLifeStopped) {
  RecipeRun former(kTwoSteps);
  former.start(1);
  former.advance(2300ms);
  RecipeRun run(kTwoSteps);
  run.resume(published(former), 1);
  EXPECT_EQ(published(run).step_index, 1U);
  EXPECT_EQ(published(run).step_remaining_ms, 700U);

  const Recipe other{.name = "other", .steps = {{.setpoint_percent = 1, .duration = 1s}}};
  RecipeRun with_another_recipe(other);
  with_another_recipe.resume(published(former), 1);
  EXPECT_EQ(published(with_another_recipe).recipe_state, RecipeState::Stopped);
}

}  // namespace
}  // namespace evo::machine
