// SPDX-License-Identifier: Apache-2.0
#include "event_log.hpp"

#include <unistd.h>

#include <cstdio>

namespace evo::tools {

namespace {

std::string log_line(const Event& event, LogFormat format) {
  return (format == LogFormat::Json ? event.json() : event.text()) + '\n';
}

}  // namespace

EventLog::EventLog(LogFormat format, LogPace pace, Listener listener)
    : format_(format), listener_(std::move(listener)) {
  if (pace == LogPace::InStep) return;
  // By value: the writer's thread may outlive this object.
  writer_.emplace(STDOUT_FILENO, [format](std::uint64_t dropped) {
    return log_line(make_event("warning", "events_dropped", {{"count", dropped}}), format);
  });
}

void EventLog::write(std::string_view level, std::string_view event, EventFields fields) noexcept {
  bool written = false;
  try {
    const Event told = make_event(level, event, std::move(fields));
    const std::string line = log_line(told, format_);
    if (writer_) {
      writer_->write(line);
    } else {
      std::fwrite(line.data(), 1, line.size(), stdout);
      std::fflush(stdout);
    }
    written = true;
    if (listener_) listener_(told);
  } catch (const std::exception&) {
    if (writer_ && !written) writer_->count_lost();
  }
}

}  // namespace evo::tools
