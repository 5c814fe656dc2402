/// What a set of measured times says.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace evo::bench {

class Percentiles {
 public:
  void add(std::uint64_t ns) { times_ns_.push_back(ns); }

  /// The time that this share of all did not exceed; 0 to 1.
  [[nodiscard]] double at(double share) {
    std::sort(times_ns_.begin(), times_ns_.end());
    const auto index = static_cast<std::size_t>(share * static_cast<double>(times_ns_.size() - 1));
    return static_cast<double>(times_ns_.at(index));
  }

  /// One line of a table, in microseconds.
  void print(std::string_view what) {
    fmt::print("{:<44} {:>6} {:>10.1f} {:>10.1f} {:>10.1f} {:>10.1f}\n", what, times_ns_.size(),
               at(0.5) / 1e3, at(0.95) / 1e3, at(0.99) / 1e3, at(1) / 1e3);
  }
  static void print_head() {
    fmt::print("{:<44} {:>6} {:>10} {:>10} {:>10} {:>10}\n", "", "tries", "p50 us", "p95 us",
               "p99 us", "max us");
  }

 private:
  std::vector<std::uint64_t> times_ns_;
};

}  // namespace evo::bench
