// SPDX-License-Identifier: Apache-2.0
/// Writes one line on stderr per event, as `key=value` pairs: for people and for programs
/// (cell_demo reads the lines of its modules).
///
///   time=2026-01-31T12:00:00.123Z level=info module=hal_core event=started scheduling="FIFO 50"
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace evo::machine {

/// One pair of a line. A value that contains a blank or a quote is quoted.
struct LogField {
  template <class T>
  LogField(std::string_view in_key, const T& in_value)
      : key(in_key), value(fmt::format("{}", in_value)) {}

  std::string_view key;
  std::string value;
};

class Log {
 public:
  explicit Log(std::string_view module) : module_(module) {}
  /// Appends the lines to `kept` instead, which must outlive the log.
  Log(std::string_view module, std::vector<std::string>& kept) : module_(module), kept_(&kept) {}

  void info(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    write("info", event, fields);
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    write("warning", event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    write("error", event, fields);
  }

 private:
  void write(std::string_view level, std::string_view event,
             std::initializer_list<LogField> fields) const;

  std::string module_;
  std::vector<std::string>* kept_ = nullptr;  // null: the lines go to stderr
};

/// The pairs of a line written by Log; for any other line, whatever looks like a pair.
[[nodiscard]] std::map<std::string, std::string> parse_log_line(std::string_view line);

}  // namespace evo::machine
