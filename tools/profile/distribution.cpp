// SPDX-License-Identifier: Apache-2.0
#include "profile/distribution.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace evo::tools {

namespace {

/// Lower bounds of the buckets in each power of ten, in hundredths of it: between the usual loop
/// periods, so that the intervals of a loop are in the middle of a bucket.
constexpr std::array<std::uint64_t, 9> kBounds = {90, 125, 175, 225, 275, 350, 450, 550, 700};

/// Where the next bucket begins. The first one holds everything below 9 ns.
std::uint64_t next_bucket(std::uint64_t from_ns) {
  for (std::uint64_t power = 10;; power *= 10) {
    for (const std::uint64_t bound : kBounds) {
      if (bound * power / 100 > from_ns) return bound * power / 100;
    }
  }
}

}  // namespace

void Distribution::add(std::uint64_t ns) {
  ++count_;
  if (times_.size() == kMost) return;
  sorted_ = sorted_ && (times_.empty() || times_.back() <= ns);
  times_.push_back(ns);
}

void Distribution::sort() const {
  if (!sorted_) std::sort(times_.begin(), times_.end());
  sorted_ = true;
}

std::chrono::nanoseconds Distribution::percentile(double percent) const {
  sort();
  const auto size = static_cast<double>(times_.size());
  // Slightly reduced, so that rounding does not make 99.9 % of 1,000 the 1,000th.
  const auto rank = static_cast<std::size_t>(std::ceil(size * percent / 100 - 1e-9));
  const std::uint64_t ns = times_[std::clamp<std::size_t>(rank, 1, times_.size()) - 1];
  return std::chrono::nanoseconds(static_cast<std::int64_t>(ns));
}

Distribution Distribution::deviation_from(std::uint64_t ns) const {
  Distribution deviation;
  for (const std::uint64_t time : times_) deviation.add(time < ns ? ns - time : time - ns);
  return deviation;
}

std::vector<Distribution::Bucket> Distribution::histogram() const {
  std::vector<Bucket> buckets;
  sort();
  for (const std::uint64_t time : times_) {
    if (buckets.empty()) {
      std::uint64_t from = 0;
      while (next_bucket(from) <= time) from = next_bucket(from);
      buckets.push_back({from, 0});
    }
    while (next_bucket(buckets.back().from_ns) <= time) {
      buckets.push_back({next_bucket(buckets.back().from_ns), 0});
    }
    ++buckets.back().count;
  }
  return buckets;
}

}  // namespace evo::tools
