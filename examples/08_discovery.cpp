// SPDX-License-Identifier: Apache-2.0
/// Follows which segments there are, without polling.
///
/// Try it: EVO_DOMAIN=user ./08_discovery
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include <evo/discovery.hpp>
#include <evo/format.hpp>
#include <evo/wait_set.hpp>
#include "control_state.evo.hpp"

using namespace std::chrono_literals;
using cell::control::ControlStateChannel;
using cell::control::ControlStateWriter;

int main() {
  auto discovery = evo::SegmentDiscovery::start(evo::Domain::from_environment());
  if (!discovery) {
    fmt::print(stderr, "{}\n", discovery.error());
    return 1;
  }
  bool vanished = false;
  discovery->on_change([&](evo::DiscoveryEvent event, const evo::SegmentInfo& segment) {
    if (segment.name != ControlStateChannel::name) return;
    fmt::print("{} {}\n", segment.name, to_string(event));
    vanished = event == evo::DiscoveryEvent::Vanished;
  });

  evo::WaitSet set;
  const auto on_change = set.add_fd(discovery->fd());
  if (!on_change) return 1;
  std::jthread module([] {
    const auto writer = ControlStateWriter::create();
    std::this_thread::sleep_for(100ms);
  });
  while (!vanished && set.wait(10s).has(*on_change)) {
    if (auto updated = discovery->update(); !updated) {
      fmt::print(stderr, "{}\n", updated.error());
      return 1;
    }
  }
  return vanished ? 0 : 1;
}
