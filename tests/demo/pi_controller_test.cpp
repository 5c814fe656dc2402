// SPDX-License-Identifier: Apache-2.0
#include "control_unit/pi_controller.hpp"

#include <gtest/gtest.h>

namespace evo::machine {
namespace {

constexpr PiGains kGains{.proportional = 0.3, .integral = 5};
constexpr double kStep = 0.001;

TEST(PiController, BringsAFirstOrderPlantToTheSetpoint) {
  PiController controller(0, 100);
  double measured = 0;
  for (int i = 0; i < 3000; ++i) {
    const double output = controller.step(kGains, 30 - measured, kStep).output;
    measured += (0.7 * output - measured) * kStep / 0.05;  // 50 ms, and a gain it does not know
  }
  EXPECT_NEAR(measured, 30, 0.1);
}

TEST(PiController, StaysWithinItsLimits) {
  PiController controller(0, 100);
  EXPECT_EQ(controller.step({.proportional = 10, .integral = 0}, 50, kStep).output, 100);
  EXPECT_EQ(controller.step({.proportional = 10, .integral = 0}, -50, kStep).output, 0);
}

TEST(PiController, DoesNotWindUp) {
  PiController controller(0, 100);
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_LE(controller.step(kGains, 80, kStep).output, 100);  // a plant that cannot follow
  }
  EXPECT_LE(controller.integral(), 100);
  // As soon as the error changes its sign, the output leaves its limit.
  int steps = 0;
  while (controller.step(kGains, -80, kStep).output >= 99 && steps < 1000) ++steps;
  EXPECT_LT(steps, 50);
}

TEST(PiController, ForgetsAtReset) {
  PiController controller(0, 100);
  controller.step(kGains, 50, 1);
  EXPECT_GT(controller.integral(), 0);
  controller.reset();
  EXPECT_EQ(controller.integral(), 0);
}

}  // namespace
}  // namespace evo::machine
