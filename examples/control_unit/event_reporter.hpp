// SPDX-License-Identifier: Apache-2.0
/// Publishes the controller's events in the stream event_log.
#pragma once

#include <utility>

#include "event_log.evo.hpp"
#include "evo/domain.hpp"
#include "evo/format.hpp"

namespace evo::machine {

class EventReporter {
 public:
  /// Creates the stream, or continues that of a previous incarnation, and reports the start.
  [[nodiscard]] static Result<EventReporter> create(const Domain& domain) {
    auto writer = cell::control::EventLogWriter::create({.domain = domain});
    if (!writer) return tl::unexpected(std::move(writer.error()));
    EventReporter reporter(std::move(*writer));
    reporter.writer_.push(
        {.number = reporter.writer_.incarnation(), .kind = cell::control::EventKind::Started});
    return reporter;
  }

  /// Reports the differences between this cycle's state and the last one's. Wait-free: a reader
  /// that is too slow loses the oldest events, and knows how many.
  void report(const cell::control::ControlState& state) noexcept {
    using cell::control::EventKind;
    if (state.mode != mode_) push(state, EventKind::ModeChanged, 0);
    mode_ = state.mode;
    if (state.deadline_misses != misses_) {
      push(state, EventKind::DeadlineMissed, state.deadline_misses - misses_);
    }
    misses_ = state.deadline_misses;
    if (state.saturated && !saturated_) {
      push(state, EventKind::SaturationRaised, state.output > 50 ? 100 : 0);
    } else if (!state.saturated && saturated_) {
      push(state, EventKind::SaturationCleared, 0);
    }
    saturated_ = state.saturated;
  }

 private:
  explicit EventReporter(cell::control::EventLogWriter writer) noexcept
      : writer_(std::move(writer)) {}

  void push(const cell::control::ControlState& state, cell::control::EventKind kind,
            std::uint64_t number) noexcept {
    writer_.push({.cycle = state.cycle, .number = number, .kind = kind, .mode = state.mode});
  }

  cell::control::EventLogWriter writer_;
  cell::control::Mode mode_ = cell::control::Mode::Idle;
  std::uint64_t misses_ = 0;
  bool saturated_ = false;
};

}  // namespace evo::machine
