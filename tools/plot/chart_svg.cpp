// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "evo/text.hpp"
#include "plot/chart.hpp"
#include "plot/time_axis.hpp"
#include "plot/value_axis.hpp"
#include "text/wrap.hpp"

namespace evo::tools {

namespace {

/// The drawing, in pixels:
///
///   title                    kTop
///   numbers | lines          kHeight
///           numbers          kBelow
///   legend, caption          kLegendLine for each
constexpr double kLeft = 80;  // wider for long labels
constexpr double kLetter = 7;
constexpr double kTop = 40;
constexpr double kWidth = 800;
constexpr double kHeight = 360;
constexpr double kRight = 20;
constexpr double kBelow = 50;
constexpr double kLegendLine = 20;

/// Distinguishable with colour blindness (Okabe and Ito).
constexpr std::array<const char*, 6> kPageColours = {"#0072b2", "#d55e00", "#009e73",
                                                     "#cc79a7", "#e69f00", "#56b4e9"};
/// Distinguishable in print without colour.
constexpr std::array<const char*, 6> kDashes = {"", "8 4", "2 3", "10 3 2 3", "5 2", "14 4"};

/// Escapes the characters that are special in SVG; control characters are not allowed at all.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char letter : printable(text)) {
    if (letter == '<') {
      out += "&lt;";
    } else if (letter == '>') {
      out += "&gt;";
    } else if (letter == '&') {
      out += "&amp;";
    } else {
      out += letter;
    }
  }
  return out;
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escaped(text));
}

std::string line_between(double x1, double y1, double x2, double y2, std::string_view what) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", what, x1,
      y1, x2, y2);
}

/// Maps values to pixels.
struct Axes {
  ValueRange range;
  double from_s = 0;
  double to_s = 1;
  double left = kLeft;

  [[nodiscard]] double x(double seconds) const {
    return left + kWidth * (seconds - from_s) / (to_s - from_s);
  }
  [[nodiscard]] double y(double value) const {
    return kTop + kHeight * (range.greatest - value) / (range.greatest - range.least);
  }
};

std::string axes_of(const Plot& plot, const Axes& axes, const std::vector<AxisLabel>& labels) {
  std::string svg;
  const double right = axes.left + kWidth;
  for (const AxisLabel& label : labels) {
    const double y = axes.y(label.value);
    svg += line_between(axes.left, y, right, y, "grid");
    svg += text_at(axes.left - 8, y + 4, "end", label.text);
  }
  for (const TimeLabel& label : time_labels(plot, 10)) {
    const double x = axes.x(label.seconds);
    svg += line_between(x, kTop, x, kTop + kHeight, "grid");
    svg += text_at(x, kTop + kHeight + 18, "middle", label.text);
  }
  svg += line_between(axes.left, kTop, axes.left, kTop + kHeight, "axis");
  svg += line_between(axes.left, kTop + kHeight, right, kTop + kHeight, "axis");
  svg += text_at(axes.left + kWidth / 2, kTop + kHeight + 38, "middle", time_axis_name(plot));
  const std::string unit = common_unit(plot);
  if (!unit.empty()) svg += text_at(axes.left - 8, kTop - 12, "end", '[' + unit + ']');
  return svg;
}

/// The style of the n-th line.
std::string stroke_of(std::size_t index) {
  const std::string dashes = kDashes[index % kDashes.size()];
  return fmt::format("stroke=\"{}\"{}", kPageColours[index % kPageColours.size()],
                     dashes.empty() ? "" : " stroke-dasharray=\"" + dashes + '"');
}

std::string line_of(const Series& series, const Axes& axes, const std::string& stroke) {
  std::string points;
  for (const PlotPoint& point : series.points()) {
    points += fmt::format("{}{:.2f},{:.2f}", points.empty() ? "" : " ", axes.x(point.seconds),
                          axes.y(point.value));
  }
  return fmt::format("<polyline clip-path=\"url(#inside)\" {} points=\"{}\"/>\n", stroke, points);
}

}  // namespace

std::string chart_svg(const Plot& plot) {
  const ValueRange range = value_range(plot);
  const auto labels = value_labels(plot, range, 8);
  double left = kLeft;
  for (const AxisLabel& label : labels) {
    left = std::max(left, 16 + kLetter * static_cast<double>(width_of(label.text)));
  }
  const double width = left + kWidth + kRight;
  const double legend_top = kTop + kHeight + kBelow;
  const double height = legend_top + kLegendLine * static_cast<double>(plot.series.size() + 2) + 10;
  const Axes axes{range, plot.from_s, plot.to_s, left};
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "width=\"{0:.0f}\" height=\"{1:.0f}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<style>.grid{{stroke:#ddd}}.axis{{stroke:#333}}polyline{{fill:none;stroke-width:1.5}}"
      "</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
      "<clipPath id=\"inside\"><rect x=\"{2:.0f}\" y=\"{3:.0f}\" width=\"{4:.0f}\" "
      "height=\"{5:.0f}\"/></clipPath>\n",
      width, height, left, kTop - 1, kWidth, kHeight + 2);
  svg += text_at(width / 2, 20, "middle", plot.title);
  svg += axes_of(plot, axes, labels);
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const std::string stroke = stroke_of(i);
    svg += line_of(plot.series[i], axes, stroke);
    const double y = legend_top + kLegendLine * static_cast<double>(i) + 12;
    svg += fmt::format("<polyline {} points=\"{:.1f},{:.1f} {:.1f},{:.1f}\"/>\n", stroke, left,
                       y - 4, left + 36, y - 4);
    svg += text_at(left + 44, y, "start", plot.series[i].name());
  }
  const double below = legend_top + kLegendLine * static_cast<double>(plot.series.size()) + 12;
  svg += text_at(left, below, "start", plot.seen);
  svg += text_at(left, below + kLegendLine, "start", plot.caption);
  return svg + "</svg>\n";
}

}  // namespace evo::tools
