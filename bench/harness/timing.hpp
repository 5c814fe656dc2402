// SPDX-License-Identifier: Apache-2.0
/// Times of single operations, within the precision of a clock that costs more than they do.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "evo/clock.hpp"
#include "harness/rounds.hpp"

namespace evo::bench {

/// The time between two consecutive clock readings; median.
inline std::uint64_t clock_cost_ns() {
  std::vector<std::uint64_t> costs(1001);
  for (std::uint64_t& cost : costs) {
    const std::uint64_t start = monotonic_ns();
    cost = monotonic_ns() - start;
  }
  std::nth_element(costs.begin(), costs.begin() + 500, costs.end());
  return costs[500];
}

/// Nanoseconds that `operation()` takes, without the clock.
template <class Operation>
std::uint64_t time_ns(std::uint64_t clock_cost, Operation&& operation) {
  const std::uint64_t start = monotonic_ns();
  operation();
  const std::uint64_t took = monotonic_ns() - start;
  return took > clock_cost ? took - clock_cost : 0;
}

inline double share_of(std::vector<std::uint64_t>& times, double share) {
  const auto index = static_cast<std::ptrdiff_t>(share * static_cast<double>(times.size() - 1));
  std::nth_element(times.begin(), times.begin() + index, times.end());
  return static_cast<double>(times[static_cast<std::size_t>(index)]);
}

/// Times that processes report to their parent.
struct TimesFound {
  double p50 = 0, p99 = 0, p999 = 0;

  void set(std::vector<std::uint64_t>& times) {
    if (times.empty()) return;
    p50 = share_of(times, 0.5);
    p99 = share_of(times, 0.99);
    p999 = share_of(times, 0.999);
  }
  [[nodiscard]] Figures figures() const { return {.typical = p50, .p99 = p99, .p999 = p999}; }
};

}  // namespace evo::bench
