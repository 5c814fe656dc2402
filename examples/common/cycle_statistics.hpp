// SPDX-License-Identifier: Apache-2.0
/// How late the cycles of a module began.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

#include "evo/cycle.hpp"

namespace evo::machine {

class CycleStatistics {
 public:
  explicit CycleStatistics(std::chrono::nanoseconds period) noexcept
      : period_ns_(static_cast<std::uint64_t>(period.count())) {}

  void add(const Cycle& cycle) noexcept {
    // From the time of the oldest cycle that was skipped.
    const std::uint64_t lateness_ns =
        static_cast<std::uint64_t>(cycle.lateness().count()) + cycle.missed() * period_ns_;
    ++cycles_;
    if (cycle.missed() != 0) ++misses_;
    lateness_max_ns_ = std::max(lateness_max_ns_, lateness_ns);
    const auto entry = static_cast<std::size_t>(std::bit_width(lateness_ns / 1000));
    ++lateness_histogram_[std::min(entry, lateness_histogram_.size() - 1)];
  }

  /// Number of cycles.
  [[nodiscard]] std::uint64_t cycles() const noexcept { return cycles_; }

  /// Cycles that began more than one period late.
  [[nodiscard]] std::uint64_t misses() const noexcept { return misses_; }

  /// Maximum delay of a cycle's start after its deadline.
  [[nodiscard]] std::uint64_t lateness_max_ns() const noexcept { return lateness_max_ns_; }

  /// Histogram of the delays: entry i counts those less than 2^i us that no earlier entry counts;
  /// the last entry counts all others.
  [[nodiscard]] const std::array<std::uint64_t, 16>& lateness_histogram() const noexcept {
    return lateness_histogram_;
  }

 private:
  std::uint64_t period_ns_;
  std::uint64_t cycles_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t lateness_max_ns_ = 0;
  std::array<std::uint64_t, 16> lateness_histogram_{};
};

}  // namespace evo::machine
