/// One line for each thing that happens: text for people, JSON for programs.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "event.hpp"
#include "line_writer.hpp"

namespace evo::tools {

enum class LogFormat { Text, Json };

/// Whether lines are written before the caller goes on, however long their reader takes; or by a
/// thread, for a caller with other duties.
enum class LogPace { InStep, OnItsOwn };

class EventLog {
 public:
  /// Sees each event, whether its line can be written or not.
  using Listener = std::function<void(const Event& event)>;

  /// Throws std::system_error if no thread is available.
  EventLog(LogFormat format, LogPace pace, Listener listener = {});

  /// Writes to stdout. Where there is no memory for the line, it counts as dropped.
  void write(std::string_view level, std::string_view event, EventFields fields) noexcept;

 private:
  LogFormat format_;
  Listener listener_;
  std::optional<LineWriter> writer_;
};

}  // namespace evo::tools
