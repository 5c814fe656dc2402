// SPDX-License-Identifier: Apache-2.0
/// A reader that sleeps until its writer, a thread here, publishes.
///
/// Try it: EVO_DOMAIN=user ./02_wait_for_change
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include <evo/format.hpp>
#include "control_state.evo.hpp"

using namespace std::chrono_literals;
using namespace cell::control;

namespace {

void count_to_three(ControlStateWriter& writer) {
  for (std::uint64_t cycle = 1; cycle <= 3; ++cycle) {
    std::this_thread::sleep_for(50ms);
    writer.write({.cycle = cycle});
  }
}

}  // namespace

int main() {
  auto writer = ControlStateWriter::create();
  auto reader = ControlStateReader::attach({.wait = 1s});  // a reader may start before its writer
  if (!writer || !reader) {
    fmt::print(stderr, "{}\n", writer ? reader.error() : writer.error());
    return 1;
  }

  std::jthread counter([&] { count_to_three(*writer); });
  std::uint64_t cycle = 0;
  while (cycle < 3 && reader->wait_for_change(5s)) {
    const auto sample = reader->read();
    if (!sample) break;
    cycle = sample->value.cycle;
    fmt::print("cycle {}\n", cycle);
  }
  return cycle == 3 ? 0 : 1;
}
