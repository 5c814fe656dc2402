// SPDX-License-Identifier: Apache-2.0
/// How long does a value take from one process to another?
///
/// Two processes send a value back and forth, each on its own core, both polling: copy in, signal,
/// copy out.
///
/// The limit is bare memory with a number in front. For small values it is a ping-pong of two lines
/// that carry nothing but a number: each side writes its own, and polls the other's.
#include <array>
#include <chrono>
#include <memory>
#include <span>

#include "evo/clock.hpp"
#include "harness/arguments.hpp"
#include "harness/bare.hpp"
#include "harness/channels.hpp"
#include "harness/ping_pong.hpp"
#include "harness/processes.hpp"
#include "harness/rounds.hpp"
#include "peers/peer.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

using namespace std::chrono_literals;

template <class Value, std::size_t kPlaces, BareCopy kCopy>
Figures run_bare() {
  using Cell = BareCell<Value, kPlaces, kCopy>;
  struct End {
    Cell& out;
    const Cell& in;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    void send(const Value& value) { out.write(++sent, value); }
    void receive(Value& value) {
      ++received;
      while (!in.read(received, value)) {
      }
    }
  };
  return measure_latency<Value>([] {
    const Shared<std::array<Cell, 2>> cells;
    return measure_mapping<Value>([&](std::size_t side, Barrier& /*barrier*/) {
      return End{(*cells)[side], (*cells)[1 - side]};
    });
  });
}

template <std::size_t kBytes, Stamp kStamp>
struct StateEnd {
  using Channel = BenchState<kBytes, kStamp>;
  BenchStateWriter<Channel> writer;
  BenchStateReader<Channel> reader;

  void send(const Payload<kBytes>& value) { writer.write(value); }
  void receive(Payload<kBytes>& value) {
    while (!reader.has_changed()) {
    }
    if (!reader.read_into(value)) give_up("a read failed");
  }
  static StateEnd open(const std::array<test::TemporaryDomain, 2>& directories, std::size_t side,
                       Barrier& barrier) {
    auto writer = created<BenchStateWriter<Channel>>(directories[side].domain());
    // A stamping writer reads the kernel's clock until it has learnt the rate of the counter.
    const std::uint64_t start = monotonic_ns();
    while (kStamp != Stamp::None && monotonic_ns() - start < 5'000'000) writer.write({});
    barrier.wait_for(2);
    auto reader = attached<BenchStateReader<Channel>>(directories[1 - side].domain());
    Payload<kBytes> unused;
    static_cast<void>(reader.read_into(unused));
    return {std::move(writer), std::move(reader)};
  }
};

/// The same, waiting by poll_for_change.
template <std::size_t kBytes>
struct PollingEnd : StateEnd<kBytes, Stamp::None> {
  void receive(Payload<kBytes>& value) {
    if (!this->reader.poll_for_change(1s)) give_up("no value came");
    if (!this->reader.read_into(value)) give_up("a read failed");
  }
  static PollingEnd open(const std::array<test::TemporaryDomain, 2>& directories, std::size_t side,
                         Barrier& barrier) {
    return {StateEnd<kBytes, Stamp::None>::open(directories, side, barrier)};
  }
};

template <std::size_t kBytes>
struct StreamEnd {
  using Channel = BenchStream<kBytes, Overflow::Block>;
  BenchStreamWriter<Channel> writer;
  BenchStreamReader<Channel> reader;

  void send(const Payload<kBytes>& value) { writer.push(value); }
  void receive(Payload<kBytes>& value) {
    while (reader.next_batch(std::span(&value, 1)) == 0) {
    }
  }
  static StreamEnd open(const std::array<test::TemporaryDomain, 2>& directories, std::size_t side,
                        Barrier& barrier) {
    auto writer = created<BenchStreamWriter<Channel>>(directories[side].domain());
    barrier.wait_for(2);
    return {std::move(writer),
            attached<BenchStreamReader<Channel>>(directories[1 - side].domain())};
  }
};

template <class Value, class End>
Figures run_evo() {
  return measure_latency<Value>([] {
    const std::array<test::TemporaryDomain, 2> directories;
    return measure_mapping<Value>(
        [&](std::size_t side, Barrier& barrier) { return End::open(directories, side, barrier); });
  });
}

template <class Value>
Figures run_peer(const Peer& peer) {
  struct End {
    std::unique_ptr<Sender> sender;
    std::unique_ptr<Receiver> receiver;
    void send(const Value& value) { sender->send(std::as_bytes(std::span(&value, 1))); }
    void receive(Value& value) {
      while (!receiver->try_receive(std::as_writable_bytes(std::span(&value, 1)))) {
      }
    }
  };
  return measure_latency<Value>([&] {
    const LinkOptions options{.bytes = sizeof(Value)};
    const std::array<std::unique_ptr<Link>, 2> links{peer.make(options), peer.make(options)};
    return measure_mapping<Value>([&](std::size_t side, Barrier& barrier) {
      auto sender = links[side]->open_sender();
      barrier.wait_for(2);
      return End{std::move(sender), links[1 - side]->open_receiver(0)};
    });
  });
}

template <std::size_t kBytes>
void ask_size(Answer& answer, const Arguments& arguments) {
  using Value = Payload<kBytes>;
  Group group;
  group.bytes = kBytes;
  group.limits = {{"limit: bare, one place", run_bare<Value, 1, BareCopy::Plain>},
                  {"limit: bare, four places", run_bare<Value, 4, BareCopy::Plain>}};
  if constexpr (kBytes <= 64) {
    group.limits.push_back({"limit: two lines", run_ping_pong});
  }
  if constexpr (kBytes > 512) {
    group.limits.push_back(
        {"limit: bare, four, non-temporal", run_bare<Value, 4, BareCopy::NonTemporal>});
  }
  group.cases = {{"state", run_evo<Value, StateEnd<kBytes, Stamp::None>>},
                 {"state, stamped", run_evo<Value, StateEnd<kBytes, Stamp::Monotonic>>}};
  if constexpr (kBytes <= 64) {
    if (!arguments.quick) {
      group.cases.push_back({"state, poll_for_change", run_evo<Value, PollingEnd<kBytes>>});
    }
  }
  // A ring of the largest values would exceed the maximum segment size.
  if constexpr (kBytes < 1'000'000) {
    group.cases.push_back({"stream", run_evo<Value, StreamEnd<kBytes>>});
  }
  for (const Peer& peer : peers()) {
    if (arguments.peers)
      group.cases.push_back({peer.name, [&peer] { return run_peer<Value>(peer); }});
  }
  measure(answer, group, arguments.rounds);
}

void ask_all(Answer& answer, const Arguments& arguments) {
  ask_size<56>(answer, arguments);
  ask_size<64>(answer, arguments);
  ask_size<4096>(answer, arguments);
  ask_size<65536>(answer, arguments);
  if (arguments.quick) return;
  ask_size<1024>(answer, arguments);
  ask_size<1048576>(answer, arguments);
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  return evo::bench::run_benchmark(count, arguments, {.name = "latency", .unit = "ns one way"},
                                   "How long does a value take from one process to another?",
                                   evo::bench::ask_all);
}
