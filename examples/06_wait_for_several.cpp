// SPDX-License-Identifier: Apache-2.0
/// One thread waits for a state, a stream, a descriptor and a cycle at once, until Ctrl-C.
///
/// Try it: EVO_DOMAIN=user ./06_wait_for_several
#include <fmt/format.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include <evo/format.hpp>
#include <evo/wait_set.hpp>
#include "control_state.evo.hpp"
#include "event_log.evo.hpp"

using namespace std::chrono_literals;
using namespace cell::control;

namespace {

evo::WaitSet* stopped_by_signal = nullptr;

extern "C" void on_signal(int /*signal*/) {
  stopped_by_signal->stop();  // a signal handler may call it
}

/// What other modules would do: publishes on both segments, and rings the descriptor.
void play_the_others(ControlStateWriter& state, EventLogWriter& events, int descriptor) {
  for (std::uint64_t cycle = 1; cycle <= 3; ++cycle) {
    std::this_thread::sleep_for(20ms);
    state.write({.cycle = cycle});
    events.push({.cycle = cycle, .kind = EventKind::ModeChanged});
  }
  std::this_thread::sleep_for(20ms);
  const std::uint64_t one = 1;
  if (::write(descriptor, &one, sizeof(one)) < 0) ::raise(SIGTERM);
}

}  // namespace

int main() {
  auto state_writer = ControlStateWriter::create();
  auto event_writer = EventLogWriter::create();
  if (!state_writer || !event_writer) {
    fmt::print(stderr, "{}\n", state_writer ? event_writer.error() : state_writer.error());
    return 1;
  }
  auto state = ControlStateReader::attach();
  auto events = EventLogReader::attach();
  const int descriptor = ::eventfd(0, EFD_CLOEXEC);
  if (!state || !events || descriptor < 0) return 1;

  evo::WaitSet set;
  const auto on_state = set.add(*state);
  const auto on_event = set.add(*events);
  const auto on_tick = set.add_cycle(10ms);
  const auto on_descriptor = set.add_fd(descriptor);
  if (!on_state || !on_event || !on_tick || !on_descriptor) return 1;
  stopped_by_signal = &set;
  ::signal(SIGINT, on_signal);
  ::signal(SIGTERM, on_signal);

  std::jthread others([&] { play_the_others(*state_writer, *event_writer, descriptor); });
  std::uint64_t ticks = 0;
  while (true) {
    const evo::Ready ready = set.wait(5s);
    if (ready.stopped() || ready.empty()) break;
    if (ready.has(*on_tick)) ++ticks;
    if (ready.has(*on_event)) {
      for (const auto& item : *events) fmt::print("event in cycle {}\n", item.value.cycle);
    }
    // Not only a value makes a reader ready: also the death or the end of its writer.
    if (ready.why(*on_state) == evo::WaitReason::Value) {
      if (const auto sample = state->read()) fmt::print("cycle {}\n", sample->value.cycle);
    }
    if (ready.has(*on_descriptor)) break;
  }
  fmt::print("{} ticks of 10 ms\n", ticks);
  others.join();  // it may still be about to return from its write to the descriptor
  ::close(descriptor);
  // The handler uses the set, which ends here.
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  return 0;
}
