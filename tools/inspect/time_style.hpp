// SPDX-License-Identifier: Apache-2.0
/// Formats of times: wall clock, CLOCK_MONOTONIC, or relative to the first one.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace evo::tools {

enum class TimeStyle : std::uint8_t { Wall, Monotonic, Relative };

/// The option --time: `wall`, `monotonic` or `relative`; nothing if it is not given.
void add_time_option(CLI::App& command, std::string& style, const std::string& what);
[[nodiscard]] std::optional<TimeStyle> time_style_named(const std::string& name);

/// The wall-clock time of a CLOCK_MONOTONIC time, in nanoseconds since 1970, by the present offset
/// of the two clocks.
[[nodiscard]] std::int64_t realtime_of(std::uint64_t monotonic_ns);

/// `2026-11-21T17:30:00.123456+01:00`: local time with its UTC offset.
[[nodiscard]] std::string iso_8601(std::int64_t realtime_ns);

/// Prints CLOCK_MONOTONIC times in one style.
class MomentText {
 public:
  explicit MomentText(TimeStyle style) : style_(style) {}

  /// ISO 8601, or seconds with six digits. The first time is the zero of relative times.
  [[nodiscard]] std::string text(std::uint64_t monotonic_ns);

  /// The same: a string for wall time, otherwise a number.
  [[nodiscard]] nlohmann::ordered_json json(std::uint64_t monotonic_ns);

 private:
  TimeStyle style_;
  std::optional<std::uint64_t> first_ns_;
};

}  // namespace evo::tools
