/// How moments are printed: by the clock on the wall, by CLOCK_MONOTONIC, or from the first one on.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace evo::tools {

enum class TimeStyle : std::uint8_t { Wall, Monotonic, Relative };

/// The option --time, `wall`, `monotonic` or `relative`; nothing if it is not given.
void add_time_option(CLI::App& command, std::string& style, const std::string& what);
[[nodiscard]] std::optional<TimeStyle> time_style_named(const std::string& name);

/// What the wall clock shows at a moment of CLOCK_MONOTONIC, in nanoseconds since 1970, as the two
/// clocks are now.
[[nodiscard]] std::int64_t realtime_of(std::uint64_t monotonic_ns);

/// `2026-11-21T17:30:00.123456+01:00`: in local time, with its offset.
[[nodiscard]] std::string iso_8601(std::int64_t realtime_ns);

/// Prints moments of CLOCK_MONOTONIC in one style.
class MomentText {
 public:
  explicit MomentText(TimeStyle style) : style_(style) {}

  /// ISO 8601, or seconds with six digits. The first moment is the zero of a relative time.
  [[nodiscard]] std::string text(std::uint64_t monotonic_ns);

  /// The same: a string of wall time, else a number.
  [[nodiscard]] nlohmann::ordered_json json(std::uint64_t monotonic_ns);

 private:
  TimeStyle style_;
  std::optional<std::uint64_t> first_ns_;
};

}  // namespace evo::tools
