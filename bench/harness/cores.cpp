// SPDX-License-Identifier: Apache-2.0
#include "harness/cores.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>

#include "evo/clock.hpp"
#include "harness/processes.hpp"

namespace evo::bench {

namespace {

constexpr int kMappings = 21;
constexpr int kSeries = 11;
constexpr std::uint64_t kRounds = 100;

struct alignas(64) Line {
  std::atomic<std::uint64_t> turn{0};
};

void answer(Line& line) {
  for (std::uint64_t n = 1; n < 2 * kRounds * kSeries; n += 2) {
    // acquire and release: this word is the whole message.
    while (line.turn.load(std::memory_order_acquire) != n) {
    }
    line.turn.store(n + 1, std::memory_order_release);
  }
}

std::uint64_t ask(Line& line) {
  std::vector<std::uint64_t> series;
  std::uint64_t n = 0;
  for (int i = 0; i < kSeries; ++i) {
    const std::uint64_t start = monotonic_ns();
    for (std::uint64_t round = 0; round < kRounds; ++round, n += 2) {
      // release and acquire: as in answer().
      line.turn.store(n + 1, std::memory_order_release);
      while (line.turn.load(std::memory_order_acquire) != n + 2) {
      }
    }
    series.push_back((monotonic_ns() - start) / (2 * kRounds));
  }
  std::nth_element(series.begin(), series.begin() + kSeries / 2, series.end());
  return series[kSeries / 2];
}

}  // namespace

const std::vector<int>& usable_cores() {
  static const std::vector<int> cores = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> found;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return found;
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (CPU_ISSET(core, &set)) found.push_back(core);
    }
    return found;
  }();
  return cores;
}

void pin_to_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

std::uint64_t line_latency_ns(int here, int there) {
  std::vector<std::uint64_t> latencies;
  for (int i = 0; i < kMappings; ++i) {
    const Shared<Line> line;
    const Shared<std::uint64_t> latency;
    run_together({{here, [&] { *latency = ask(*line); }}, {there, [&] { answer(*line); }}});
    latencies.push_back(*latency);
  }
  std::nth_element(latencies.begin(), latencies.begin() + kMappings / 2, latencies.end());
  return latencies[kMappings / 2];
}

std::string_view to_string(Distance distance) {
  switch (distance) {
    case Distance::Near:
      return "near";
    case Distance::Far:
      return "far";
    case Distance::Mixed:
      break;
  }
  return "mixed";
}

}  // namespace evo::bench
