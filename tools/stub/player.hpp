// SPDX-License-Identifier: Apache-2.0
/// Publishes values when they are due, until the end or a signal.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stub/ramp.hpp"
#include "stub/rows.hpp"
#include "stub/stub_writer.hpp"

namespace evo::tools {

class Player {
 public:
  /// Starts the clock. The end is after `span_ns`; without a span, each function documents its own
  /// end.
  Player(StubWriter& writer, StopSignals& stop, std::optional<std::uint64_t> span_ns);

  /// Publishes the value, and then waits for the end or a signal.
  Result<void> publish_once(std::span<const std::byte> value);

  /// Publishes the value in each cycle, with the ramps applied. Skips a cycle that is not done when
  /// the next one is due. Returns at the end or at a signal.
  Result<void> publish_at(double rate_hz, std::vector<std::byte> value,
                          const std::vector<Ramp>& ramps);

  /// Publishes each row when it is due, or one per cycle; skips no row. Without a span, returns one
  /// cycle after the last row.
  Result<void> publish_rows(Rows& rows, std::optional<double> rate_hz);

  /// In CLOCK_MONOTONIC; `StopSignals::kNever` without a span.
  [[nodiscard]] std::uint64_t end_ns() const { return end_ns_; }

  [[nodiscard]] std::uint64_t published() const { return published_; }
  /// Skipped cycles, and rows that were published only when the next was due.
  [[nodiscard]] std::uint64_t missed() const { return missed_; }

 private:
  Result<void> publish_in_cycles(Rows& rows, double rate_hz);
  Result<void> publish_at_times(Rows& rows);
  /// False: the end or a signal came first.
  bool wait_until(std::uint64_t since_start_ns);
  void wait_for_end() { stop_.wait_until(end_ns_); }
  [[nodiscard]] std::uint64_t now_ns() const;
  /// False: not published, because the end or a signal came first.
  Result<bool> publish(std::span<const std::byte> value);

  StubWriter& writer_;
  StopSignals& stop_;
  std::uint64_t start_ns_;
  std::optional<std::uint64_t> span_ns_;
  std::uint64_t end_ns_;
  std::uint64_t published_ = 0;
  std::uint64_t missed_ = 0;
};

}  // namespace evo::tools
