// SPDX-License-Identifier: Apache-2.0
#include "event.hpp"

#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "evo/text.hpp"

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

std::string quoted(const std::string& text) {
  return '"' + json_escaped(text) + '"';
}

}  // namespace

EventField::EventField(std::string_view name, double value)
    : name_(name), value_(nlohmann::json(value).dump()) {}

std::string EventField::json() const {
  return is_text_ ? quoted(value_) : value_;
}

std::string EventField::text() const {
  const bool simple = !value_.empty() && value_.find_first_of(" \"=\\") == value_.npos &&
                      printable(value_) == value_;
  return simple ? value_ : json();
}

std::string Event::json() const {
  std::string line = "{";
  for (const EventField& field : fields) {
    line += fmt::format("{}\"{}\":{}", line.size() == 1 ? "" : ",", field.name(), field.json());
  }
  return line + '}';
}

std::string Event::text() const {
  std::string line;
  for (const EventField& field : fields) {
    line += fmt::format("{}{}={}", line.empty() ? "" : " ", field.name(), field.text());
  }
  return line;
}

Event make_event(std::string_view level, std::string_view name, EventFields fields) {
  Event event{level, name, {{"time", timestamp()}, {"level", level}, {"event", name}}};
  event.fields.reserve(event.fields.size() + fields.size());
  for (EventField& field : fields) event.fields.push_back(std::move(field));
  return event;
}

}  // namespace evo::tools
