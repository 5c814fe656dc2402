// SPDX-License-Identifier: Apache-2.0
#include "plot/time_axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plot/ticks.hpp"

namespace evo::tools {

namespace {

constexpr double kNanoseconds = 1e9;

/// The axis value at second 0 of the plot, in seconds; for wall time, since midnight.
double origin_of(const Plot& plot) {
  if (!plot.time) return -plot.to_s;
  switch (*plot.time) {
    case TimeStyle::Monotonic:
      return static_cast<double>(plot.start_ns) / kNanoseconds;
    case TimeStyle::Relative:
      return -plot.first_s.value_or(0);
    case TimeStyle::Wall:
      break;
  }
  // The part after the date: hours, minutes and seconds with their fraction.
  const std::string wall = iso_8601(realtime_of(plot.start_ns)).substr(11, 15);
  return std::stod(wall.substr(0, 2)) * 3600 + std::stod(wall.substr(3, 2)) * 60 +
         std::stod(wall.substr(6));
}

/// Seconds since midnight as `17:30:00`, with as many digits as the step needs.
std::string time_of_day_text(double seconds, double step) {
  const int digits =
      step >= 1 ? 0 : std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 1, 6);
  constexpr std::int64_t kDay = 86'400;
  const double scale = std::pow(10, digits);
  const auto whole = static_cast<std::int64_t>(scale);
  std::int64_t parts = std::llround(seconds * scale) % (kDay * whole);
  if (parts < 0) parts += kDay * whole;
  const std::int64_t second = parts / whole;
  std::string text = fmt::format("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
  if (digits > 0) text += fmt::format(".{:0{}}", parts % whole, digits);
  return text;
}

}  // namespace

std::vector<TimeLabel> time_labels(const Plot& plot, int most) {
  const double origin = origin_of(plot);
  const Ticks ticks = ticks_between(plot.from_s + origin, plot.to_s + origin, most);
  std::vector<TimeLabel> labels;
  for (int i = 0; i < ticks.count; ++i) {
    const bool wall = plot.time == TimeStyle::Wall;
    labels.push_back(
        {ticks.at(i) - origin, wall ? time_of_day_text(ticks.at(i), ticks.step) : ticks.label(i)});
  }
  return labels;
}

std::string time_axis_name(const Plot& plot) {
  if (!plot.time) return "time [s]";
  switch (*plot.time) {
    case TimeStyle::Wall:
      return "time of day";
    case TimeStyle::Monotonic:
      return "CLOCK_MONOTONIC [s]";
    case TimeStyle::Relative:
      break;
  }
  return "time since the first value [s]";
}

}  // namespace evo::tools
