// SPDX-License-Identifier: Apache-2.0
/// Prints the streams of the machine cell, one value per line.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>

#include "common/log.hpp"
#include "common/stop_signal.hpp"
#include "event_log.evo.hpp"
#include "evo/format.hpp"
#include "evo/options.hpp"
#include "trace_io.evo.hpp"

namespace evo::machine {

inline std::string describe(const Item<cell::control::EventLog>& item) {
  return fmt::format("event={} cycle={} mode={} number={}", to_string(item.value.kind),
                     item.value.cycle, to_string(item.value.mode), item.value.number);
}

inline std::string describe(const Item<cell::hal::TraceIo>& item) {
  return fmt::format("cycle={} output_cycle={} applied_duty={:.2f} worker_share={:.2f}",
                     item.value.cycle, item.value.output_cycle, item.value.applied_duty,
                     item.value.worker_share);
}

/// Waits until a later writer recreates the stream, and starts with its oldest value. Returns early
/// at a stop signal.
template <class Reader>
bool reattach(Reader& reader, std::chrono::nanoseconds wait) {
  constexpr std::chrono::nanoseconds kBetweenLooksAtTheSignal = std::chrono::milliseconds(100);
  while (!stop_requested()) {
    const std::chrono::nanoseconds now = std::min(wait, kBetweenLooksAtTheSignal);
    if (reader.reattach(now)) {
      reader.seek_oldest();
      return true;
    }
    wait -= now;
    if (wait <= std::chrono::nanoseconds::zero()) return false;
  }
  return false;
}

/// Prints the stream from its oldest value on, as values arrive, until a stop signal or after
/// `most` values. Continues across restarts of the writer. False if there is no such stream.
template <class Reader>
bool print_stream(const Log& log, const Domain& domain, std::chrono::nanoseconds wait,
                  std::uint64_t most) {
  auto reader = Reader::attach({.domain = domain, .wait = wait});
  if (!reader) {
    log.error("cannot_attach", {{"error", reader.error()}});
    return false;
  }
  reader->seek_oldest();
  for (std::uint64_t printed = 0; printed < most && !stop_requested();) {
    const auto item = reader->next();
    if (!item) {
      std::fflush(stdout);
      const bool over = !reader->wait_for_next(std::chrono::milliseconds(100)) &&
                        (reader->is_detached() || reader->writer_state() == WriterState::Closed);
      // When all values are read: continue with the stream of a later writer, if there is one.
      if (over && !reattach(*reader, wait)) break;
      continue;
    }
    fmt::print("number={} {}{}\n", item->sequence, describe(*item),
               item->lost != 0 ? fmt::format(" lost={}", item->lost) : "");
    ++printed;
  }
  std::fflush(stdout);
  return true;
}

}  // namespace evo::machine
