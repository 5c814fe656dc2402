// SPDX-License-Identifier: Apache-2.0
/// How long does a value take from one process to another?
///
/// Two processes send a value back and forth, each on its own core, both polling. A figure is half
/// of a round trip: copy in, signal, copy out. The median is over series of round trips between two
/// clock readings, so that the clock does not count; p99 and p99.9 are over single ones, and
/// include half of a clock reading. The time that a line takes belongs to its physical page, so
/// each run is the median over many fresh mappings.
///
/// The limit is bare memory with a number in front. For small values it is a ping-pong of two lines
/// that carry nothing but a number: each side writes its own, and polls the other's.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "evo/clock.hpp"
#include "harness/arguments.hpp"
#include "harness/bare.hpp"
#include "harness/channels.hpp"
#include "harness/processes.hpp"
#include "harness/rounds.hpp"
#include "peers/peer.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

using namespace std::chrono_literals;

constexpr int kTripsOfSeries = 32;

/// Large values take longer, and are in many pages.
constexpr int mappings_of(std::size_t bytes) {
  return bytes > 10'000 ? 3 : 21;
}
constexpr int series_of(std::size_t bytes) {
  return bytes > 100'000 ? 4 : 16;
}
constexpr int single_trips_of(std::size_t bytes) {
  return bytes > 100'000 ? 200 : 1000;
}

/// Results of the asking process.
struct Times {
  Barrier barrier;
  double typical = 0;
  double p99 = 0;
  double p999 = 0;
};

double at(std::vector<std::uint64_t>& sorted, double share) {
  const auto index = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return static_cast<double>(sorted[index]);
}

/// Each endpoint is a sender and a receiver: `send(value)` and `receive(value)`.
template <class Value, class End>
void ask(End& end, Times& times) {
  auto value = std::make_unique<Value>();
  std::uint64_t n = 0;
  const auto trip = [&] {
    value->number(++n);
    end.send(*value);
    end.receive(*value);
    if (value->number() != n) give_up("a value came wrong");
  };
  for (int i = 0; i < kTripsOfSeries; ++i) trip();  // warms up pages and caches

  std::vector<std::uint64_t> series;
  for (int i = 0; i < series_of(sizeof(Value)); ++i) {
    const std::uint64_t start = monotonic_ns();
    for (int k = 0; k < kTripsOfSeries; ++k) trip();
    series.push_back(monotonic_ns() - start);
  }
  std::sort(series.begin(), series.end());
  times.typical = at(series, 0.5) / (2 * kTripsOfSeries);

  std::vector<std::uint64_t> singles;
  std::uint64_t last = monotonic_ns();
  for (int i = 0; i < single_trips_of(sizeof(Value)); ++i) {
    trip();
    const std::uint64_t now = monotonic_ns();
    singles.push_back(now - last);
    last = now;
  }
  std::sort(singles.begin(), singles.end());
  times.p99 = at(singles, 0.99) / 2;
  times.p999 = at(singles, 0.999) / 2;
}

template <class Value, class End>
void answer(End& end) {
  auto value = std::make_unique<Value>();
  constexpr int trips =
      kTripsOfSeries * (series_of(sizeof(Value)) + 1) + single_trips_of(sizeof(Value));
  for (int i = 0; i < trips; ++i) {
    end.receive(*value);
    end.send(*value);
  }
}

/// `open(side, barrier)` opens the endpoints of one side in its process.
template <class Value, class Open>
Figures measure_mapping(Open&& open) {
  const Shared<Times> times;
  const auto& cores = usable_cores();
  run_together({{cores.at(0),
                 [&] {
                   auto end = open(0, times->barrier);
                   times->barrier.wait_for(2);
                   ask<Value>(end, *times);
                   times->barrier.wait_for(2);
                 }},
                {cores.at(1), [&] {
                   auto end = open(1, times->barrier);
                   times->barrier.wait_for(2);
                   answer<Value>(end);
                   times->barrier.wait_for(2);
                 }}});
  return {.typical = times->typical, .p99 = times->p99, .p999 = times->p999};
}

/// Medians over fresh mappings: `measure_one()` makes one.
template <class Value, class MeasureOne>
Figures measure_latency(MeasureOne&& measure_one) {
  std::vector<std::vector<double>> found(3);
  for (int i = 0; i < mappings_of(sizeof(Value)); ++i) {
    const Figures one = measure_one();
    found[0].push_back(one.typical);
    found[1].push_back(one.p99.value_or(0));
    found[2].push_back(one.p999.value_or(0));
  }
  for (std::vector<double>& each : found) std::sort(each.begin(), each.end());
  const std::size_t middle = found[0].size() / 2;
  return {.typical = found[0][middle], .p99 = found[1][middle], .p999 = found[2][middle]};
}

/// The ping-pong that no value is in.
Figures run_ping_pong() {
  using Number = Payload<8>;
  struct alignas(64) Line {
    std::atomic<std::uint64_t> number{0};
  };
  struct End {
    Line& out;
    const Line& in;
    void send(const Number& value) {
      // release: pairs with the acquire load below, as it would with a value in front.
      out.number.store(value.number(), std::memory_order_release);
    }
    void receive(Number& value) {
      std::uint64_t n = 0;
      // acquire: as above.
      while ((n = in.number.load(std::memory_order_acquire)) == last) {
      }
      last = n;
      value.number(n);
    }
    std::uint64_t last = 0;
  };
  return measure_latency<Number>([] {
    const Shared<std::array<Line, 2>> lines;
    return measure_mapping<Number>([&](std::size_t side, Barrier& /*barrier*/) {
      return End{(*lines)[side], (*lines)[1 - side]};
    });
  });
}

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
    barrier.wait_for(2);
    return {std::move(writer), attached<BenchStateReader<Channel>>(directories[1 - side].domain())};
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
