// SPDX-License-Identifier: Apache-2.0
/// Two processes send a value back and forth, each on its own core, both polling.
///
/// A figure is half of a round trip. The median is over series of round trips between two clock
/// readings, so that the clock does not count; p99 and p99.9 are over single ones, and include half
/// of a clock reading. The time that a line takes belongs to its physical page, so each run is the
/// median over many fresh mappings.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "evo/clock.hpp"
#include "harness/channels.hpp"
#include "harness/processes.hpp"
#include "harness/rounds.hpp"

namespace evo::bench {

inline constexpr int kTripsOfSeries = 32;

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
struct TripTimes {
  Barrier barrier;
  double typical = 0;
  double p99 = 0;
  double p999 = 0;
};

inline double at(std::vector<std::uint64_t>& sorted, double share) {
  const auto index = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return static_cast<double>(sorted[index]);
}

/// Each endpoint is a sender and a receiver: `send(value)` and `receive(value)`.
template <class Value, class End>
void ask_trips(End& end, TripTimes& times) {
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
void answer_trips(End& end) {
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
  const Shared<TripTimes> times;
  const auto& cores = usable_cores();
  run_together({{cores.at(0),
                 [&] {
                   auto end = open(0, times->barrier);
                   times->barrier.wait_for(2);
                   ask_trips<Value>(end, *times);
                   times->barrier.wait_for(2);
                 }},
                {cores.at(1), [&] {
                   auto end = open(1, times->barrier);
                   times->barrier.wait_for(2);
                   answer_trips<Value>(end);
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

/// A ping-pong that carries no value.
inline Figures run_ping_pong() {
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

}  // namespace evo::bench
