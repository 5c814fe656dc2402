// SPDX-License-Identifier: Apache-2.0
/// The program control_unit between scripted neighbours: what it does when they are late, die, or
/// are of another release.
#include <gtest/gtest.h>

#include <control_state.evo.hpp>
#include <phys_input_io.evo.hpp>
#include <phys_output_io.evo.hpp>
#include <vector>

#include "common/consistency.hpp"
#include "evo/testing.hpp"

using namespace std::chrono_literals;
using cell::control::ControlState;
using cell::control::Mode;
using cell::hal::PhysInputIo;
using cell::recipe::PhysOutputIo;
using cell::recipe::RecipeState;
using evo::testing::Program;
using evo::testing::published;
using evo::testing::ScriptedWriter;
using evo::testing::TestDomain;

namespace {

/// No module takes this long, however busy the machine is.
constexpr auto kLongest = 30s;

/// Ten seconds of measurements, one each millisecond, always below the setpoint.
std::vector<PhysInputIo> measurements() {
  std::vector<PhysInputIo> values;
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    values.push_back({.cycle = i,
                      .sampled_at_ns = i * 1'000'000,
                      .worker_window_ns = 10'000'000,
                      .worker_share = 20});
    evo::machine::seal(values.back());
  }
  return values;
}

PhysOutputIo running_recipe() {
  PhysOutputIo value{.setpoint = 50, .recipe_state = RecipeState::Running};
  evo::machine::seal(value);
  return value;
}

bool is_running(const ControlState& state) {
  return state.mode == Mode::Running && state.output > 0;
}

bool holds(const ControlState& state) {
  return state.mode == Mode::InputLost && state.output == 0;
}

class ControlUnit : public testing::Test {
 protected:
  ControlUnit() {
    recipe_.publish_every(1ms, {running_recipe()});
    run_hal();
  }

  void run_hal() { hal_.publish_every(1ms, measurements()); }

  static void expect_running() {
    const auto seen = published<ControlState>().where(is_running, "a closed loop").within(kLongest);
    ASSERT_TRUE(seen) << seen;
  }

  /// The output is at zero within a second of the last measurement, and stays there.
  static void expect_to_hold() {
    const auto seen = published<ControlState>().where(holds, "zero output").within(kLongest);
    ASSERT_TRUE(seen) << seen;
    const auto later =
        published<ControlState>().after(seen.sequence).where(holds, "zero output").throughout(50ms);
    EXPECT_TRUE(later) << later;
  }

  TestDomain domain_;
  ScriptedWriter<PhysInputIo> hal_;
  ScriptedWriter<PhysOutputIo> recipe_;
  Program module_{EVO_CONTROL_UNIT, {"--no-real-time"}};
};

TEST_F(ControlUnit, HoldsOnStaleInput) {
  expect_running();
  hal_.go_silent();
  expect_to_hold();
  run_hal();
  expect_running();
}

TEST_F(ControlUnit, HoldsWhileTheHalHangs) {
  expect_running();
  hal_.stop();
  expect_to_hold();
  hal_.resume();
  expect_running();
}

TEST_F(ControlUnit, HoldsOnAKilledHalAndGoesOnWithTheNext) {
  expect_running();
  hal_.die_in_publish(measurements().front());
  expect_to_hold();
  hal_.restart();
  run_hal();
  expect_running();
}

TEST_F(ControlUnit, HoldsOnAHalOfAnotherSchema) {
  expect_running();
  hal_.change_layout();
  expect_to_hold();
  EXPECT_TRUE(module_.says("SchemaMismatch", kLongest)) << module_.output();
  hal_.restart();
  run_hal();
  expect_running();
}

TEST_F(ControlUnit, FollowsAHalThatWasReplaced) {
  expect_running();
  const auto former = hal_.replace();
  run_hal();
  expect_running();
}

TEST_F(ControlUnit, IsIdleWithoutARecipe) {
  expect_running();
  recipe_.die();
  const auto idle = published<ControlState>()
                        .where([](const ControlState& state) { return state.mode == Mode::Idle; })
                        .within(kLongest);
  ASSERT_TRUE(idle) << idle;
  EXPECT_EQ(idle->output, 0);
}

TEST_F(ControlUnit, IsTakenOverWhereItDied) {
  expect_running();
  module_.die();
  const auto last = published<ControlState>().within(kLongest);
  const Program successor(EVO_CONTROL_UNIT, {"--no-real-time"});
  const auto seen = published<ControlState>()
                        .after(last.sequence)
                        .where(is_running, "a closed loop")
                        .within(kLongest);
  EXPECT_TRUE(seen) << seen;
}

}  // namespace
