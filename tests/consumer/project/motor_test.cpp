// SPDX-License-Identifier: Apache-2.0
// A test of this project's, with the test kit and without a test framework.
#include <cstdlib>
#include <evo/testing.hpp>
#include <iostream>
#include <motor.evo.hpp>

using namespace std::chrono_literals;
using evo::testing::published;

int main() {
  const evo::testing::TestDomain domain;
  evo::testing::SteppedClock clock;
  evo::testing::ScriptedWriter<press::Motor> motor;
  clock.advance(1h);
  motor.publish_every(1ms, {{.cycle = 1}, {.cycle = 2}});
  const auto seen = published<press::Motor>()
                        .where([](const press::Motor& value) { return value.cycle == 2; })
                        .within(20s);
  std::cout << seen << '\n';
  return seen ? EXIT_SUCCESS : EXIT_FAILURE;
}
