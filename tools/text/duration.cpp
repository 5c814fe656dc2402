// SPDX-License-Identifier: Apache-2.0
#include "text/duration.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace evo::tools {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array<Unit, 7> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"min", 60'000'000'000},
                                         {"h", 3'600'000'000'000},
                                         {"d", 86'400'000'000'000}}};
/// Minutes, hours and days are used from two on: 90 s is clearer than 1.5 min.
constexpr std::int64_t kMinute = 60'000'000'000;

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0) return std::nullopt;
  if (text == "0") return std::chrono::nanoseconds(0);
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  for (const Unit& known : kUnits) {
    if (unit != known.name) continue;
    if (count > std::chrono::nanoseconds::max().count() / known.nanoseconds) return std::nullopt;
    return std::chrono::nanoseconds(count * known.nanoseconds);
  }
  return std::nullopt;
}

std::string in_words(std::chrono::nanoseconds time) {
  if (time == std::chrono::nanoseconds::max()) return "more";
  for (auto unit = kUnits.rbegin(); unit != kUnits.rend(); ++unit) {
    const std::int64_t least = unit->nanoseconds < kMinute ? 1 : 2;
    if (time.count() < least * unit->nanoseconds) continue;
    const double count = static_cast<double>(time.count()) / static_cast<double>(unit->nanoseconds);
    // With four significant digits, a larger number would be printed with an exponent.
    if (count >= 9999.5) return fmt::format("{:.0f} {}", count, unit->name);
    return fmt::format("{:.4g} {}", count, unit->name);
  }
  return "0";
}

CLI::Validator duration_validator() {
  return CLI::Validator(
      [](const std::string& text) {
        return parse_duration(text) ? std::string()
                                    : "a time is written as 250us, 1ms, 2s, 5min, 2h or 0";
      },
      "TIME");
}

}  // namespace evo::tools
