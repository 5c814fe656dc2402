#include "profile/distribution.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace evo::tools {

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
  // A little less, or 99.9 % of 1,000 would be the 1,000th for want of digits.
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
    const std::uint64_t from = std::bit_floor(time);
    while (!buckets.empty() && buckets.back().from_ns < from) {
      const std::uint64_t last = buckets.back().from_ns;
      buckets.push_back({last == 0 ? 1 : last * 2, 0});
    }
    if (buckets.empty()) buckets.push_back({from, 0});
    ++buckets.back().count;
  }
  return buckets;
}

}  // namespace evo::tools
