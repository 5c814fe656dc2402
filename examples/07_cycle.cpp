// SPDX-License-Identifier: Apache-2.0
/// A loop that runs at fixed times, and knows which of them it missed.
///
/// Try it: EVO_DOMAIN=user ./07_cycle
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include <evo/cycle.hpp>
#include <evo/format.hpp>
#include "control_state.evo.hpp"

using namespace std::chrono_literals;

int main() {
  auto writer = cell::control::ControlStateWriter::create();
  if (!writer) {
    fmt::print(stderr, "{}\n", writer.error());
    return 1;
  }

  std::uint64_t missed = 0;
  std::chrono::nanoseconds latest{0};
  // A quarter of a period after the modules that run without a phase, whenever each was started.
  for (const evo::Cycle& cycle : evo::cycles(1ms, {.phase = 250us})) {
    writer->write({.cycle = cycle.number(), .deadline_misses = missed});
    missed += cycle.missed();
    latest = std::max(latest, cycle.lateness());
    if (cycle.number() == 10) std::this_thread::sleep_for(5ms);  // too long
    if (cycle.number() == 20) break;
  }
  fmt::print("20 cycles, {}\n", missed == 0 ? "none missed" : "some missed");
  fmt::print(stderr, "{} missed, at most {} ns late\n", missed, latest.count());
  return 0;
}
