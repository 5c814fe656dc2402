// SPDX-License-Identifier: Apache-2.0
#include "common/log.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace evo::machine {

namespace {

std::string utc_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     now.tv_nsec / 1'000'000);
}

/// The value as it is written in a line: quoted if necessary, and never with a line break.
std::string quoted(std::string_view value) {
  if (!value.empty() && value.find_first_of(" \"\\=\n\t") == std::string_view::npos) {
    return std::string(value);
  }
  std::string result = "\"";
  for (const char character : value) {
    if (character == '\n') {
      result += "\\n";
      continue;
    }
    if (character == '"' || character == '\\') result += '\\';
    result += character;
  }
  return result + '"';
}

/// Removes a quoted value, including its opening quote, from the front of `rest`.
std::string take_quoted(std::string_view& rest) {
  std::string value;
  std::size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size()) {
      ++i;
      value += rest[i] == 'n' ? '\n' : rest[i];
    } else {
      value += rest[i];
    }
  }
  rest.remove_prefix(std::min(i + 1, rest.size()));
  return value;
}

}  // namespace

void Log::write(std::string_view level, std::string_view event,
                std::initializer_list<LogField> fields) const {
  std::string line =
      fmt::format("time={} level={} module={} event={}", utc_now(), level, module_, event);
  for (const LogField& field : fields) {
    line += fmt::format(" {}={}", field.key, quoted(field.value));
  }
  if (kept_ != nullptr) {
    kept_->push_back(std::move(line));
    return;
  }
  line += '\n';
  // One call for the whole line, so that lines of several processes do not mix. A failure is
  // ignored: without stderr there is no place to report it.
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

std::map<std::string, std::string> parse_log_line(std::string_view line) {
  std::map<std::string, std::string> fields;
  while (!line.empty()) {
    const std::size_t end = line.find_first_of("= ");
    const std::string key(line.substr(0, end));
    const bool is_pair = end != std::string_view::npos && line[end] == '=';
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    if (!is_pair) continue;
    if (line.starts_with('"')) {
      fields[key] = take_quoted(line);
    } else {
      const std::size_t blank = std::min(line.find(' '), line.size());
      fields[key] = std::string(line.substr(0, blank));
      line.remove_prefix(blank);
    }
  }
  return fields;
}

}  // namespace evo::machine
