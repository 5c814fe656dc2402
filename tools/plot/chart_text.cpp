// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "plot/braille.hpp"
#include "plot/chart.hpp"
#include "plot/time_axis.hpp"
#include "plot/value_axis.hpp"
#include "text/wrap.hpp"

namespace evo::tools {

namespace {

/// Codes of ANSI terminals: cyan, yellow, magenta, green, red, blue.
constexpr std::array<int, 6> kTerminalColours = {36, 33, 35, 32, 31, 34};

/// Without colours, lines differ in their dash patterns.
constexpr std::array<std::uint16_t, 6> kPatterns = {0xffff, 0x0f0f, 0x1111, 0x10ff, 0x3333, 0x00ff};

Pen pen_for(std::size_t index, bool colours) {
  if (colours) return {.colour = kTerminalColours[index % kTerminalColours.size()]};
  return {.pattern = kPatterns[index % kPatterns.size()]};
}

/// The position of a value among `places`; the last one is the end of the range.
int place_of(double value, double least, double greatest, int places) {
  const double part = (value - least) / (greatest - least);
  return static_cast<int>(std::lround(std::clamp(part, -1.0, 2.0) * (places - 1)));
}

BrailleCanvas drawn(const Plot& plot, ValueRange range, TerminalSize size, bool colours) {
  BrailleCanvas canvas(size.columns, size.rows);
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    Pen pen = pen_for(i, colours);
    int before_x = 0;
    int before_y = 0;
    bool first = true;
    for (const PlotPoint& point : plot.series[i].points()) {
      const int x = place_of(point.seconds, plot.from_s, plot.to_s, canvas.width());
      const int y =
          canvas.height() - 1 - place_of(point.value, range.least, range.greatest, canvas.height());
      canvas.line(first ? x : before_x, first ? y : before_y, x, y, pen);
      before_x = x;
      before_y = y;
      first = false;
    }
  }
  return canvas;
}

/// The labels next to the rows; most rows have none.
std::vector<std::string> row_labels(const Plot& plot, ValueRange range, int rows) {
  std::vector<std::string> labels(static_cast<std::size_t>(rows));
  for (const AxisLabel& label : value_labels(plot, range, std::max(rows / 3, 2))) {
    const int row = rows - 1 - place_of(label.value, range.least, range.greatest, rows);
    if (row >= 0 && row < rows) labels[static_cast<std::size_t>(row)] = label.text;
  }
  return labels;
}

/// The time axis and the numbers below it, `indent` columns from the left.
std::vector<std::string> time_axis(const Plot& plot, std::size_t indent, int columns) {
  std::string axis = std::string(indent, ' ') + "└";
  std::string numbers(indent + 1, ' ');
  std::size_t at = 0;
  bool first = true;
  for (const TimeLabel& time : time_labels(plot, std::max(columns / 12, 1))) {
    const auto column = static_cast<std::size_t>(
        std::max(place_of(time.seconds, plot.from_s, plot.to_s, columns), 0));
    for (; at < column; ++at) axis += "─";
    axis += "┴";
    ++at;
    const std::string label = time.text + (plot.time == TimeStyle::Wall ? "" : " s");
    const std::size_t middle = indent + 1 + column;
    std::size_t start = middle - std::min(middle, label.size() / 2);
    start = std::min(start, indent + 1 + static_cast<std::size_t>(columns) -
                                std::min(label.size(), static_cast<std::size_t>(columns)));
    if (start < numbers.size() && !first) continue;
    first = false;
    numbers.resize(std::max(numbers.size(), start), ' ');
    numbers += label;
  }
  for (; at < static_cast<std::size_t>(columns); ++at) axis += "─";
  return {axis, numbers};
}

std::string legend_line(const Series& series, std::size_t index, bool colours) {
  BrailleCanvas mark(8, 1);  // a whole pattern
  Pen pen = pen_for(index, colours);
  mark.line(0, mark.height() - 1, mark.width() - 1, mark.height() - 1, pen);
  std::string text = fmt::format("{} {}", mark.row(0, colours), series.name());
  if (series.empty()) {
    text += ": nothing seen";
  } else {
    const auto points = series.points();
    const auto [least, greatest] =
        std::minmax_element(points.begin(), points.end(),
                            [](const auto& a, const auto& b) { return a.value < b.value; });
    text += fmt::format(": min {}, max {}, last {}", series.text_of(least->value),
                        series.text_of(greatest->value), series.text_of(series.last()));
  }
  if (series.left_out() != 0) {
    text += fmt::format(", {} not finite or beyond 1e300 and left out", series.left_out());
  }
  return text;
}

}  // namespace

std::vector<std::string> chart_lines(const Plot& plot, TerminalSize size, bool colours) {
  const ValueRange range = value_range(plot);
  // In addition to the rows: a title, two lines of axis, the publish counts, and the legend.
  const int legend = static_cast<int>(plot.series.size());
  const int rows = std::max(size.rows - 4 - legend, 3);
  const auto labels = row_labels(plot, range, rows);
  std::size_t indent = 0;
  for (const std::string& label : labels) indent = std::max(indent, width_of(label));
  const int columns = std::max(size.columns - static_cast<int>(indent) - 1, 8);

  const std::string unit = common_unit(plot);
  std::vector<std::string> lines{plot.title + (unit.empty() ? "" : " [" + unit + ']')};
  const BrailleCanvas canvas = drawn(plot, range, {columns, rows}, colours);
  for (int row = 0; row < rows; ++row) {
    const std::string& label = labels[static_cast<std::size_t>(row)];
    lines.push_back(fmt::format("{:>{}}{}{}", label, indent, label.empty() ? "│" : "┤",
                                canvas.row(row, colours)));
  }
  for (std::string& line : time_axis(plot, indent, columns)) lines.push_back(std::move(line));
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    lines.push_back(legend_line(plot.series[i], i, colours));
  }
  lines.push_back(plot.seen);
  lines.resize(static_cast<std::size_t>(std::max(size.rows, 1)));
  for (std::string& line : lines) {
    line = shortened(line, static_cast<std::size_t>(std::max(size.columns, 1)));
  }
  return lines;
}

}  // namespace evo::tools
