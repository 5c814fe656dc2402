// SPDX-License-Identifier: Apache-2.0
#include "inspect/time_style.hpp"

#include <fmt/format.h>

#include <ctime>

#include "evo/clock.hpp"

namespace evo::tools {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// Seconds with six digits, truncated: a time is never shown later than it is.
std::string seconds_of(std::int64_t ns) {
  const bool negative = ns < 0;
  const std::int64_t us = (negative ? -ns : ns) / 1'000;
  return fmt::format("{}{}.{:06}", negative ? "-" : "", us / 1'000'000, us % 1'000'000);
}

}  // namespace

void add_time_option(CLI::App& command, std::string& style, const std::string& what) {
  command.add_option("--time", style, what)
      ->check(CLI::IsMember(std::vector<std::string>{"wall", "monotonic", "relative"}));
}

std::optional<TimeStyle> time_style_named(const std::string& name) {
  if (name == "wall") return TimeStyle::Wall;
  if (name == "monotonic") return TimeStyle::Monotonic;
  if (name == "relative") return TimeStyle::Relative;
  return std::nullopt;
}

std::int64_t realtime_of(std::uint64_t monotonic_ns) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t realtime_ns = now.tv_sec * kSecond + now.tv_nsec;
  return realtime_ns - static_cast<std::int64_t>(evo::monotonic_ns() - monotonic_ns);
}

std::string iso_8601(std::int64_t realtime_ns) {
  std::int64_t ns = realtime_ns % kSecond;
  if (ns < 0) ns += kSecond;
  const auto seconds = static_cast<std::time_t>((realtime_ns - ns) / kSecond);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  const long minutes = local.tm_gmtoff / 60;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}{}{:02}:{:02}", local.tm_year + 1900,
                     local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
                     ns / 1'000, minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                     std::abs(minutes) % 60);
}

std::string MomentText::text(std::uint64_t monotonic_ns) {
  if (!first_ns_) first_ns_ = monotonic_ns;
  switch (style_) {
    case TimeStyle::Wall:
      return iso_8601(realtime_of(monotonic_ns));
    case TimeStyle::Relative:
      return seconds_of(static_cast<std::int64_t>(monotonic_ns - *first_ns_));
    case TimeStyle::Monotonic:
      break;
  }
  return seconds_of(static_cast<std::int64_t>(monotonic_ns));
}

nlohmann::ordered_json MomentText::json(std::uint64_t monotonic_ns) {
  const std::string shown = text(monotonic_ns);
  if (style_ == TimeStyle::Wall) return shown;
  return nlohmann::ordered_json::parse(shown);
}

}  // namespace evo::tools
