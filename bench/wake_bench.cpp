// SPDX-License-Identifier: Apache-2.0
/// How long does it take until a sleeping reader has the value?
///
/// The limit is a bare futex. `wait_for_change` spins for 20 us before it sleeps, which is always
/// too short here.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <memory>
#include <span>

#include "harness/arguments.hpp"
#include "harness/channels.hpp"
#include "harness/rounds.hpp"
#include "harness/wake.hpp"
#include "peers/peer.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

using namespace std::chrono_literals;

using Value = WakeValue;

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
