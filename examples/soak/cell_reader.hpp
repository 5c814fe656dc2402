// SPDX-License-Identifier: Apache-2.0
/// A reader of the whole cell: its four states, and every value of its two streams.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "commands_config.evo.hpp"
#include "common/input.hpp"
#include "control_state.evo.hpp"
#include "event_log.evo.hpp"
#include "phys_input_io.evo.hpp"
#include "phys_output_io.evo.hpp"
#include "soak/stale_watch.hpp"
#include "trace_io.evo.hpp"

namespace evo::machine {

/// Takes every value of a stream and checks that sequence numbers and losses add up.
template <class Reader>
class StreamCheck {
 public:
  StreamCheck(const Log& log, Domain domain) : log_(&log), domain_(std::move(domain)) {}

  void poll() {
    if (!reader_) {
      if (monotonic_ns() < next_attach_ns_) return;
      next_attach_ns_ = monotonic_ns() + 50'000'000;
      auto reader = Reader::attach({.domain = domain_});
      if (!reader) return;
      reader_.emplace(std::move(*reader));
      last_ = 0;
    }
    while (const auto item = reader_->next()) {
      ++taken_;
      if (last_ != 0 && item->sequence != last_ + 1 + item->lost) {
        ++broken_;
        log_->error("broken_stream",
                    {{"last", last_}, {"now", item->sequence}, {"lost", item->lost}});
      }
      last_ = item->sequence;
    }
    if (reader_->is_detached()) reader_.reset();
  }

  void detach() { reader_.reset(); }
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }
  [[nodiscard]] std::uint64_t broken() const noexcept { return broken_; }

 private:
  const Log* log_;
  Domain domain_;
  std::optional<Reader> reader_;
  std::uint64_t next_attach_ns_ = 0;
  std::uint64_t last_ = 0;  // sequence of the value taken last; 0: none since the last attach
  std::uint64_t taken_ = 0;
  std::uint64_t broken_ = 0;
};

class CellReader {
 public:
  CellReader(const Log& log, const Domain& domain);

  /// Reads everything; to be called every millisecond.
  void poll();
  /// Detaches from all segments; the statistics are kept.
  void detach();

  /// Whether all states are written and fresh.
  [[nodiscard]] bool cell_is_up() const noexcept;

  /// The observed states of hal_core, control_unit and recipe_executor.
  [[nodiscard]] std::array<StaleWatch::Look, 3> looks() const;

  [[nodiscard]] InputStatistics statistics() const;
  /// Values taken from the streams, and those whose sequence numbers did not add up.
  [[nodiscard]] std::uint64_t taken() const noexcept { return events_.taken() + trace_.taken(); }
  [[nodiscard]] std::uint64_t broken() const noexcept { return events_.broken() + trace_.broken(); }

 private:
  Input<cell::hal::PhysInputIoReader> input_;
  Input<cell::control::ControlStateReader> control_;
  Input<cell::recipe::PhysOutputIoReader> output_;
  Input<cell::api::CommandsConfigReader> commands_;
  StreamCheck<cell::control::EventLogReader> events_;
  StreamCheck<cell::hal::TraceIoReader> trace_;
};

/// The program of a reader process: reads every millisecond until a stop signal, then logs the line
/// `event=summary`. Returns the exit code.
int run_reader(const Domain& domain);

}  // namespace evo::machine
