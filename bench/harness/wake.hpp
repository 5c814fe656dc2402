// SPDX-License-Identifier: Apache-2.0
/// A writer on one core publishes every 2 ms, and a reader on another core sleeps until it does.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <vector>

#include "evo/clock.hpp"
#include "harness/channels.hpp"
#include "harness/processes.hpp"
#include "harness/rounds.hpp"
#include "harness/timing.hpp"

namespace evo::bench {

inline constexpr int kPublishes = 200;
inline constexpr std::uint64_t kEnd = 1;  ///< in place of a time
using WakeValue = Payload<64>;

/// How long the writer pauses between publishes.
inline void pause_of_writer() {
  const timespec pause{0, 2'000'000};
  ::nanosleep(&pause, nullptr);
}

struct WakeRun {
  Barrier barrier;
  TimesFound times;
};

/// A figure is the time from just before the publish until the reader has the value. `write()`
/// returns a function that publishes a value, `read()` one that sleeps until it has a value.
template <class Write, class Read>
Figures measure_wake(Write&& write, Read&& read) {
  const Shared<WakeRun> run;
  const auto& cores = usable_cores();
  run_together({{cores.at(0),
                 [&] {
                   auto publish = write();
                   run->barrier.wait_for(2);
                   run->barrier.wait_for(2);
                   WakeValue value;
                   for (int i = 0; i < kPublishes; ++i) {
                     pause_of_writer();
                     value.number(monotonic_ns());
                     publish(value);
                   }
                   value.number(kEnd);
                   publish(value);
                   run->barrier.wait_for(2);
                 }},
                {cores.at(1), [&] {
                   run->barrier.wait_for(2);
                   auto take = read();
                   run->barrier.wait_for(2);
                   std::vector<std::uint64_t> times;
                   WakeValue value;
                   // Possibly fewer than were published: a state keeps only the latest.
                   for (take(value); value.number() != kEnd; take(value)) {
                     times.push_back(monotonic_ns() - value.number());
                   }
                   run->times.set(times);
                   run->barrier.wait_for(2);
                 }}});
  return run->times.figures();
}

/// What a bare futex sleeps on, and the value that it announces.
struct BareWord {
  std::atomic<std::uint32_t> count{0};
  WakeValue value;
};

}  // namespace evo::bench
