// SPDX-License-Identifier: Apache-2.0
/// sensor: publishes the level of the tank every 10 ms.
#include <cmath>
#include <evo/cycle.hpp>
#include <evo/format.hpp>
#include <tank.evo.hpp>

#include "stop_signal.hpp"

int main() {
  stop_on_signals();
  auto tank = plant::TankWriter::create();
  if (!tank) {
    fmt::print(stderr, "{}\n", tank.error());
    return 1;
  }
  for (const evo::Cycle& cycle : evo::cycles(plant::TankChannel::period, {}, &stopping)) {
    const double seconds = static_cast<double>(cycle.number()) / 100;
    const auto level = static_cast<float>(500 + 450 * std::sin(seconds));
    if (auto written = tank->write({.cycle = cycle.number(), .level = level}); !written) {
      fmt::print(stderr, "{}\n", written.error());
      return 1;
    }
  }
  return 0;
}
