// SPDX-License-Identifier: Apache-2.0
/// How long does it take until a sleeping reader has the value?
///
/// A writer on one core publishes every 2 ms, and a reader on another core sleeps until it does. A
/// figure is the time from just before the publish until the reader has the value. The limit is a
/// bare futex. `wait_for_change` spins for 20 us before it sleeps, which is always too short here.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <ctime>

#include "harness/arguments.hpp"
#include "harness/channels.hpp"
#include "harness/rounds.hpp"
#include "harness/timing.hpp"
#include "peers/peer.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

using namespace std::chrono_literals;

constexpr int kPublishes = 200;
constexpr std::uint64_t kEnd = 1;  // in place of a time
using Value = Payload<64>;

struct Run {
  Barrier barrier;
  TimesFound times;
};

/// `write()` returns a function that publishes a value, `read()` one that sleeps until it has a
/// value.
template <class Write, class Read>
Figures measure_wake(Write&& write, Read&& read) {
  const Shared<Run> run;
  const auto& cores = usable_cores();
  run_together({{cores.at(0),
                 [&] {
                   auto publish = write();
                   run->barrier.wait_for(2);
                   run->barrier.wait_for(2);
                   Value value;
                   for (int i = 0; i < kPublishes; ++i) {
                     const timespec pause{0, 2'000'000};
                     ::nanosleep(&pause, nullptr);
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
                   Value value;
                   // Possibly fewer than were published: a state keeps only the latest.
                   for (take(value); value.number() != kEnd; take(value)) {
                     times.push_back(monotonic_ns() - value.number());
                   }
                   run->times.set(times);
                   run->barrier.wait_for(2);
                 }}});
  return run->times.figures();
}

Figures run_state() {
  using Channel = BenchState<64>;
  const test::TemporaryDomain directory;
  return measure_wake(
      [&] {
        return [writer = created<BenchStateWriter<Channel>>(directory.domain())](
                   const Value& value) mutable { writer.write(value); };
      },
      [&] {
        return [reader =
                    attached<BenchStateReader<Channel>>(directory.domain())](Value& value) mutable {
          while (!reader.wait_for_change(1s)) {
          }
          if (!reader.read_into(value)) give_up("a read failed");
        };
      });
}

struct BareWord {
  std::atomic<std::uint32_t> count{0};
  Value value;
};

Figures run_futex() {
  const Shared<BareWord> word;
  return measure_wake(
      [&] {
        return [&](const Value& value) {
          word->value = value;
          // release: pairs with the acquire load of the reader.
          word->count.fetch_add(1, std::memory_order_release);
          ::syscall(SYS_futex, &word->count, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
        };
      },
      [&] {
        return [&, seen = std::uint32_t{0}](Value& value) mutable {
          // acquire, both: pair with the release of the writer.
          while (word->count.load(std::memory_order_acquire) == seen) {
            ::syscall(SYS_futex, &word->count, FUTEX_WAIT, seen, nullptr, nullptr, 0);
          }
          seen = word->count.load(std::memory_order_acquire);
          value = word->value;
        };
      });
}

Figures run_peer(const Peer& peer) {
  const auto link = peer.make({.bytes = sizeof(Value)});
  return measure_wake(
      [&] {
        return [sender = std::shared_ptr(link->open_sender())](const Value& value) {
          sender->send(std::as_bytes(std::span(&value, 1)));
        };
      },
      [&] {
        return [receiver = std::shared_ptr(link->open_receiver(0))](Value& value) {
          receiver->receive(std::as_writable_bytes(std::span(&value, 1)));
        };
      });
}

void ask_all(Answer& answer, const Arguments& arguments) {
  Group group;
  group.bytes = sizeof(Value);
  group.limits = {{"limit: bare futex", run_futex}};
  group.cases = {{"state, wait_for_change", run_state}};
  for (const Peer& peer : peers()) {
    if (!arguments.peers || !peer.blocks) continue;
    group.cases.push_back({peer.name, [&peer] { return run_peer(peer); }});
  }
  measure(answer, group, arguments.rounds);
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  return evo::bench::run_benchmark(count, arguments, {.name = "wake", .unit = "ns"},
                                   "How long until a sleeping reader has the value?",
                                   evo::bench::ask_all);
}
