/// One line for each thing that happens: text for people, JSON for programs.
///
///   time=2026-01-31T12:00:00.123456Z level=warning event=writer_died segment=control_state …
///   {"time":"2026-01-31T12:00:00.123456Z","level":"warning","event":"writer_died", …}
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string_view>

namespace evo::tools {

enum class LogFormat { Text, Json };

class EventLog {
 public:
  /// Sees each line as a JSON object after it was written.
  using Listener = std::function<void(const nlohmann::ordered_json& line)>;

  explicit EventLog(LogFormat format, Listener listener = {})
      : format_(format), listener_(std::move(listener)) {}

  /// `fields` is a JSON object; its order is kept. Written to stdout at once.
  void write(std::string_view level, std::string_view event, nlohmann::ordered_json fields) const;

 private:
  LogFormat format_;
  Listener listener_;
};

}  // namespace evo::tools
