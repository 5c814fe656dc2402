// SPDX-License-Identifier: Apache-2.0
#include "plot/series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace evo::tools {

namespace {

/// Differences between larger values may be too large for a double.
constexpr double kLargest = 1e300;

/// Differences between smaller values may be too small for a double.
constexpr double kSmallest = 1e-280;

}  // namespace

void Series::add(double seconds, double value) {
  if (!(std::abs(value) <= kLargest)) {
    ++left_out_;
    return;
  }
  if (std::abs(value) < kSmallest) value = 0;
  // A stamp that jumps back is wrong; pieces must stay in order to be discarded.
  if (!pieces_.empty()) seconds = std::max(seconds, pieces_.back().last.seconds);
  const PlotPoint point{seconds, value};
  const auto number = static_cast<std::int64_t>(std::floor(seconds / piece_s_));
  if (pieces_.empty() || pieces_.back().number != number) {
    pieces_.push_back({number, point, point, point, point});
    return;
  }
  Piece& piece = pieces_.back();
  if (value < piece.least.value) piece.least = point;
  if (value > piece.greatest.value) piece.greatest = point;
  piece.last = point;
}

void Series::forget_before(double seconds) {
  while (pieces_.size() > 1 && pieces_[1].last.seconds < seconds) pieces_.pop_front();
}

std::string Series::text_of(double value) const {
  const auto found = std::find_if(names_.begin(), names_.end(),
                                  [&](const ValueName& each) { return each.value == value; });
  return found != names_.end() ? found->name : fmt::format("{:.6g}", value);
}

std::vector<PlotPoint> Series::points() const {
  std::vector<PlotPoint> points;
  for (const Piece& piece : pieces_) {
    const bool least_first = piece.least.seconds <= piece.greatest.seconds;
    for (const PlotPoint& point : {piece.first, least_first ? piece.least : piece.greatest,
                                   least_first ? piece.greatest : piece.least, piece.last}) {
      if (points.empty() || points.back() != point) points.push_back(point);
    }
  }
  return points;
}

ValueRange value_range(const Plot& plot) {
  ValueRange range{std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest()};
  for (const Series& series : plot.series) {
    for (const PlotPoint& point : series.points()) {
      range.least = std::min(range.least, point.value);
      range.greatest = std::max(range.greatest, point.value);
    }
  }
  if (range.least > range.greatest) return {};
  // A margin of half a step around the names, so that no line runs along the edge.
  if (!common_names(plot).empty()) return {range.least - 0.5, range.greatest + 0.5};
  if (range.least == range.greatest) {
    const double around = range.least == 0 ? 1 : std::abs(range.least) * 0.1;
    return {range.least - around, range.greatest + around};
  }
  return range;
}

std::string common_unit(const Plot& plot) {
  if (plot.series.empty()) return "";
  const std::string& unit = plot.series.front().unit();
  const bool same = std::all_of(plot.series.begin(), plot.series.end(),
                                [&](const Series& series) { return series.unit() == unit; });
  return same ? unit : "";
}

std::vector<ValueName> common_names(const Plot& plot) {
  if (plot.series.empty()) return {};
  const auto& names = plot.series.front().names();
  const bool same = std::all_of(plot.series.begin(), plot.series.end(),
                                [&](const Series& series) { return series.names() == names; });
  return same ? names : std::vector<ValueName>();
}

}  // namespace evo::tools
