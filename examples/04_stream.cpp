// SPDX-License-Identifier: Apache-2.0
/// A stream delivers every value in order, not only the latest one.
///
/// Try it: EVO_DOMAIN=user ./04_stream
#include <fmt/format.h>

#include <evo/format.hpp>
#include "event_log.evo.hpp"

int main() {
  using namespace cell::control;

  auto writer = EventLogWriter::create();
  auto reader = EventLogReader::attach();
  if (!writer || !reader) {
    fmt::print(stderr, "{}\n", writer ? reader.error() : writer.error());
    return 1;
  }

  for (std::uint64_t cycle = 1; cycle <= 3; ++cycle) {
    writer->push({.cycle = cycle, .kind = EventKind::ModeChanged, .mode = Mode::Running});
  }
  for (const auto& item : *reader) {  // all that are there
    fmt::print("event {}: {} in cycle {}\n", item.sequence, to_string(item.value.kind),
               item.value.cycle);
  }

  // This stream overwrites: a reader that is too slow learns how many values it lost.
  constexpr std::uint64_t kMany = EventLogChannel::slots + 10;
  for (std::uint64_t i = 0; i < kMany; ++i) writer->push({.cycle = 4});
  const auto item = reader->next();
  if (!item) return 1;
  fmt::print("event {}: {} were lost before it\n", item->sequence, item->lost);
  return 0;
}
