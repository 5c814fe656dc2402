// SPDX-License-Identifier: Apache-2.0
/// Statistics of a set of measured times.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace evo::bench {

class Percentiles {
 public:
  void add(std::uint64_t ns) { times_ns_.push_back(ns); }

  /// The time that the fraction `share` (0 to 1) of all times does not exceed.
  [[nodiscard]] double at(double share) {
    std::sort(times_ns_.begin(), times_ns_.end());
    const auto index = static_cast<std::size_t>(share * static_cast<double>(times_ns_.size() - 1));
    return static_cast<double>(times_ns_.at(index));
  }

  [[nodiscard]] std::size_t size() const { return times_ns_.size(); }

 private:
  std::vector<std::uint64_t> times_ns_;
};

}  // namespace evo::bench
