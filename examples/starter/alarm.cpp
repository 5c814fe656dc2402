// SPDX-License-Identifier: Apache-2.0
/// alarm: says when the level is too high, or not to be trusted.
#include <chrono>
#include <cstdio>
#include <evo/format.hpp>
#include <evo/wait_set.hpp>
#include <string_view>
#include <tank.evo.hpp>

#include "stop_signal.hpp"

using namespace std::chrono_literals;

namespace {

std::string_view judge(plant::TankReader& tank) {
  const auto sample = tank.read();
  if (!sample || !sample->fresh() || tank.writer_state() != evo::WriterState::Alive) {
    return "no trustworthy level";
  }
  return sample->value.level > 900 ? "too high" : "fine";
}

}  // namespace

int main() {
  stop_on_signals();
  auto tank = plant::TankReader::attach({.wait = 10s});
  if (!tank) {
    fmt::print(stderr, "{}\n", tank.error());
    return 1;
  }
  evo::WaitSet set;
  const auto on_tank = set.add(*tank);
  if (!on_tank) {
    fmt::print(stderr, "{}\n", on_tank.error());
    return 1;
  }
  std::string_view last;
  while (!stopping) {
    const evo::Ready ready = set.wait(plant::TankChannel::max_age);
    if (ready.why(*on_tank) == evo::WaitReason::Replaced) {
      if (auto attached = tank->reattach(1s); !attached)
        fmt::print(stderr, "{}\n", attached.error());
    }
    const std::string_view now = judge(*tank);
    if (now == last) continue;
    last = now;
    fmt::print("{}\n", now);
    std::fflush(stdout);
  }
  return 0;
}
