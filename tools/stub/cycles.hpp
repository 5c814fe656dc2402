// SPDX-License-Identifier: Apache-2.0
/// Cycles on an absolute schedule: the n-th is due n periods after the start, however late earlier
/// ones were.
#pragma once

#include <cstdint>
#include <optional>

namespace evo::tools {

/// Times are nanoseconds since the start.
class Cycles {
 public:
  /// From zero to `span_ns`, or unlimited.
  explicit Cycles(double rate_hz, std::optional<std::uint64_t> span_ns = {});

  /// Whether no cycle remains.
  [[nodiscard]] bool done() const { return count_ && next_ >= *count_; }

  /// When the next cycle is due.
  [[nodiscard]] std::uint64_t due_ns() const { return due_ns(next_); }

  /// When the last cycle is due; zero if unlimited.
  [[nodiscard]] std::uint64_t last_ns() const;

  /// Skips each cycle whose successor is already due; returns the number skipped.
  std::uint64_t catch_up(std::uint64_t now_ns);

  void advance() { ++next_; }

 private:
  [[nodiscard]] std::uint64_t due_ns(std::uint64_t cycle) const;

  double rate_hz_;
  std::uint64_t next_ = 0;
  std::optional<std::uint64_t> count_;
};

}  // namespace evo::tools
