#include "event_log.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>

namespace evo::tools {

namespace {

std::string timestamp() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     now.tv_nsec / 1000);
}

/// A value as it stands in a line of text: a string only in quotes if it needs them.
std::string plain(const nlohmann::ordered_json& value) {
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  const bool simple = !text.empty() && text.find_first_of(" \"=\n\t\\") == text.npos;
  return simple ? text
                : value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

void EventLog::write(std::string_view level, std::string_view event,
                     nlohmann::ordered_json fields) const {
  nlohmann::ordered_json line = {{"time", timestamp()}, {"level", level}, {"event", event}};
  line.update(fields);
  std::string text;
  if (format_ == LogFormat::Json) {
    text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  } else {
    for (const auto& [key, value] : line.items()) {
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, plain(value));
    }
  }
  text += '\n';
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  if (listener_) listener_(line);
}

}  // namespace evo::tools
