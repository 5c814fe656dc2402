// SPDX-License-Identifier: Apache-2.0
/// An event that the supervisor reports: a line of its log.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace evo::tools {

/// A name (a literal) and its value. Not a JSON object, whose destructor allocates memory and ends
/// the process if that fails.
class EventField {
 public:
  EventField(std::string_view name, std::string text)
      : name_(name), value_(std::move(text)), is_text_(true) {}
  EventField(std::string_view name, std::string_view text) : EventField(name, std::string(text)) {}
  EventField(std::string_view name, const char* text) : EventField(name, std::string(text)) {}
  EventField(std::string_view name, bool value) : name_(name), value_(value ? "true" : "false") {}
  EventField(std::string_view name, double value);
  template <std::integral T>
  requires(!std::same_as<T, bool>) EventField(std::string_view name, T value)
      : name_(name), value_(std::to_string(value)) {}

  [[nodiscard]] std::string_view name() const { return name_; }
  /// The value as JSON.
  [[nodiscard]] std::string json() const;
  /// The value in a text line: quoted only if needed.
  [[nodiscard]] std::string text() const;

 private:
  std::string_view name_;
  std::string value_;
  bool is_text_ = false;
};

using EventFields = std::vector<EventField>;

struct Event {
  std::string_view level;  ///< `info`, `warning` or `error`
  std::string_view name;
  EventFields fields;  ///< `time`, `level` and `event` come first

  /// `{"time":"2026-01-31T12:00:00.123456Z","level":"warning","event":"writer_died",…}`
  [[nodiscard]] std::string json() const;
  /// `time=2026-01-31T12:00:00.123456Z level=warning event=writer_died …`
  [[nodiscard]] std::string text() const;
};

/// With the present time.
Event make_event(std::string_view level, std::string_view name, EventFields fields);

}  // namespace evo::tools
