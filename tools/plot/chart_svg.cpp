#include <fmt/format.h>

#include <array>

#include "plot/chart.hpp"
#include "plot/ticks.hpp"

namespace evo::tools {

namespace {

/// The drawing, in pixels:
///
///   title                    kTop
///   numbers | lines          kHeight
///           numbers          kBelow
///   legend                   kLegendLine for each
constexpr double kLeft = 80;
constexpr double kTop = 40;
constexpr double kWidth = 800;
constexpr double kHeight = 360;
constexpr double kRight = 20;
constexpr double kBelow = 50;
constexpr double kLegendLine = 20;

/// Told apart also by those who see few colours (Okabe and Ito).
constexpr std::array<const char*, 6> kPageColours = {"#0072b2", "#d55e00", "#009e73",
                                                     "#cc79a7", "#e69f00", "#56b4e9"};

/// Letters that mean something in SVG, replaced; control characters are not allowed at all.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '<') {
      out += "&lt;";
    } else if (letter == '>') {
      out += "&gt;";
    } else if (letter == '&') {
      out += "&amp;";
    } else {
      out += static_cast<unsigned char>(letter) < 0x20 ? '?' : letter;
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

/// From values to pixels.
struct Axes {
  ValueRange range;
  double from_s = 0;
  double to_s = 1;

  [[nodiscard]] double x(double seconds) const {
    return kLeft + kWidth * (seconds - from_s) / (to_s - from_s);
  }
  [[nodiscard]] double y(double value) const {
    return kTop + kHeight * (range.greatest - value) / (range.greatest - range.least);
  }
};

std::string axes_of(const Axes& axes, const std::string& unit) {
  std::string svg;
  const Ticks values = ticks_between(axes.range.least, axes.range.greatest, 8);
  for (int i = 0; i < values.count; ++i) {
    const double y = axes.y(values.at(i));
    svg += line_between(kLeft, y, kLeft + kWidth, y, "grid");
    svg += text_at(kLeft - 8, y + 4, "end", values.label(i));
  }
  const double span = axes.to_s - axes.from_s;
  const Ticks times = ticks_between(-span, 0, 10);
  for (int i = 0; i < times.count; ++i) {
    const double x = axes.x(axes.to_s + times.at(i));
    svg += line_between(x, kTop, x, kTop + kHeight, "grid");
    svg += text_at(x, kTop + kHeight + 18, "middle", times.label(i));
  }
  svg += line_between(kLeft, kTop, kLeft, kTop + kHeight, "axis");
  svg += line_between(kLeft, kTop + kHeight, kLeft + kWidth, kTop + kHeight, "axis");
  svg += text_at(kLeft + kWidth / 2, kTop + kHeight + 38, "middle", "time [s]");
  if (!unit.empty()) svg += text_at(kLeft - 8, kTop - 12, "end", '[' + unit + ']');
  return svg;
}

std::string line_of(const Series& series, const Axes& axes, const char* colour) {
  std::string points;
  for (const PlotPoint& point : series.points()) {
    points += fmt::format("{}{:.2f},{:.2f}", points.empty() ? "" : " ", axes.x(point.seconds),
                          axes.y(point.value));
  }
  return fmt::format("<polyline clip-path=\"url(#inside)\" stroke=\"{}\" points=\"{}\"/>\n", colour,
                     points);
}

}  // namespace

std::string chart_svg(const Plot& plot) {
  const double width = kLeft + kWidth + kRight;
  const double legend_top = kTop + kHeight + kBelow;
  const double height = legend_top + kLegendLine * static_cast<double>(plot.series.size() + 1) + 10;
  const Axes axes{value_range(plot), plot.from_s, plot.to_s};
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "width=\"{0:.0f}\" height=\"{1:.0f}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<style>.grid{{stroke:#ddd}}.axis{{stroke:#333}}polyline{{fill:none;stroke-width:1.5}}"
      "</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
      "<clipPath id=\"inside\"><rect x=\"{2:.0f}\" y=\"{3:.0f}\" width=\"{4:.0f}\" "
      "height=\"{5:.0f}\"/></clipPath>\n",
      width, height, kLeft, kTop - 1, kWidth, kHeight + 2);
  svg += text_at(width / 2, 20, "middle", plot.title);
  svg += axes_of(axes, common_unit(plot));
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const char* colour = kPageColours[i % kPageColours.size()];
    svg += line_of(plot.series[i], axes, colour);
    const double y = legend_top + kLegendLine * static_cast<double>(i) + 12;
    svg += fmt::format("<polyline stroke=\"{}\" points=\"{:.1f},{:.1f} {:.1f},{:.1f}\"/>\n", colour,
                       kLeft, y - 4, kLeft + 24, y - 4);
    svg += text_at(kLeft + 32, y, "start", plot.series[i].name());
  }
  svg += text_at(kLeft, legend_top + kLegendLine * static_cast<double>(plot.series.size()) + 12,
                 "start", plot.seen);
  return svg + "</svg>\n";
}

}  // namespace evo::tools
