// SPDX-License-Identifier: Apache-2.0
/// A set of durations and its statistics.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace evo::tools {

/// Stores each duration, so that percentiles are exact; beyond kMost it only counts them.
class Distribution {
 public:
  static constexpr std::size_t kMost = std::size_t{1} << 24;

  void add(std::uint64_t ns);

  /// Number of durations added.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }

  /// Number of durations added after the first kMost; no other figure includes them.
  [[nodiscard]] std::uint64_t left_out() const { return count_ - times_.size(); }

  /// The shortest duration such that at least `percent` per cent of all are not longer: 0 gives the
  /// shortest, 100 the longest. Must not be empty.
  [[nodiscard]] std::chrono::nanoseconds percentile(double percent) const;

  /// The absolute difference of each duration from `ns`.
  [[nodiscard]] Distribution deviation_from(std::uint64_t ns) const;

  /// Histogram bucket: durations from `from_ns` up to the next bucket's.
  struct Bucket {
    std::uint64_t from_ns = 0;
    std::uint64_t count = 0;

    friend bool operator==(const Bucket&, const Bucket&) = default;
  };

  /// Buckets that grow with their durations: nine for each power of ten, around 1, 1.5, 2, 2.5, 3,
  /// 4, 5, 6 and 8 times it. From the first to the last non-empty one.
  [[nodiscard]] std::vector<Bucket> histogram() const;

 private:
  void sort() const;

  // Sorted on demand: a profile adds all durations first and then reads many percentiles.
  mutable std::vector<std::uint64_t> times_;
  mutable bool sorted_ = true;
  std::uint64_t count_ = 0;
};

}  // namespace evo::tools
