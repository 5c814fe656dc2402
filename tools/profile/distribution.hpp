/// Many times, and what can be said of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace evo::tools {

/// Keeps each time as it is, so that percentiles are exact; beyond kMost it only counts them.
class Distribution {
 public:
  static constexpr std::size_t kMost = std::size_t{1} << 24;

  void add(std::uint64_t ns);

  /// Times that were added.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }

  /// Times that were added after the first kMost, and are in no figure.
  [[nodiscard]] std::uint64_t left_out() const { return count_ - times_.size(); }

  /// The least time that at least so many per cent are not longer than: 0 is the least, 100 the
  /// greatest one. Must not be empty.
  [[nodiscard]] std::chrono::nanoseconds percentile(double percent) const;

  /// How far each is from `ns`, up or down.
  [[nodiscard]] Distribution deviation_from(std::uint64_t ns) const;

  /// Of a histogram: times from `from_ns` on, up to the next one's.
  struct Bucket {
    std::uint64_t from_ns = 0;
    std::uint64_t count = 0;

    friend bool operator==(const Bucket&, const Bucket&) = default;
  };

  /// Buckets that grow with the times in them: nine to each power of ten, around 1, 1.5, 2, 2.5, 3,
  /// 4, 5, 6 and 8 of it. From the first that is not empty to the last.
  [[nodiscard]] std::vector<Bucket> histogram() const;

 private:
  void sort() const;

  // Sorted when somebody asks; a profile asks often and adds no more.
  mutable std::vector<std::uint64_t> times_;
  mutable bool sorted_ = true;
  std::uint64_t count_ = 0;
};

}  // namespace evo::tools
