// SPDX-License-Identifier: Apache-2.0
/// One line per event: text for people, JSON for programs.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "event.hpp"
#include "line_writer.hpp"

namespace evo::tools {

enum class LogFormat { Text, Json };

/// InStep: a line is written before `write` returns, however slow its reader is. OnItsOwn: a thread
/// writes it, for a caller with other duties.
enum class LogPace { InStep, OnItsOwn };

class EventLog {
 public:
  /// Receives each event, even if its line cannot be written.
  using Listener = std::function<void(const Event& event)>;

  /// Throws std::system_error if no thread is available.
  EventLog(LogFormat format, LogPace pace, Listener listener = {});

  /// Writes to stdout. If there is no memory for the line, it counts as dropped.
  void write(std::string_view level, std::string_view event, EventFields fields) noexcept;

 private:
  LogFormat format_;
  Listener listener_;
  std::optional<LineWriter> writer_;
};

}  // namespace evo::tools
