// SPDX-License-Identifier: Apache-2.0
#include "plot/braille.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace evo::tools {

namespace {

/// The bit of each dot, by row and column; Unicode added the fourth row later.
constexpr std::uint8_t kBits[BrailleCanvas::kDotsDown][BrailleCanvas::kDotsAcross] = {
    {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

/// U+2800 and the dots, in UTF-8.
std::string letter_of(std::uint8_t dots) {
  if (dots == 0) return " ";
  return {static_cast<char>(0xe2), static_cast<char>(0xa0 | (dots >> 6)),
          static_cast<char>(0x80 | (dots & 0x3f))};
}

}  // namespace

BrailleCanvas::BrailleCanvas(int columns, int rows)
    : columns_(std::max(columns, 1)),
      rows_(std::max(rows, 1)),
      cells_(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_)) {}

void BrailleCanvas::set(int x, int y, int colour) {
  if (x < 0 || y < 0 || x >= width() || y >= height()) return;
  const int cell = y / kDotsDown * columns_ + x / kDotsAcross;
  Cell& target = cells_[static_cast<std::size_t>(cell)];
  target.dots |= kBits[y % kDotsDown][x % kDotsAcross];
  target.colour = static_cast<std::uint8_t>(colour);
}

void BrailleCanvas::line(int from_x, int from_y, int to_x, int to_y, Pen& pen) {
  const int steps = std::max(std::abs(to_x - from_x), std::abs(to_y - from_y));
  for (int step = 0; step <= steps; ++step) {
    const double part = steps == 0 ? 0 : static_cast<double>(step) / steps;
    const auto between = [&](int from, int to) {
      return from + static_cast<int>(part * (to - from) + (to < from ? -0.5 : 0.5));
    };
    // The first dot is the last one of the previous line.
    if (step != 0) ++pen.drawn;
    if ((pen.pattern >> pen.drawn % 16 & 1U) == 0) continue;
    set(between(from_x, to_x), between(from_y, to_y), pen.colour);
  }
}

std::string BrailleCanvas::row(int index, bool colours) const {
  std::string text;
  int colour = 0;
  for (int column = 0; column < columns_; ++column) {
    const Cell& cell = cells_[static_cast<std::size_t>(index * columns_ + column)];
    if (colours && cell.dots != 0 && cell.colour != colour) {
      colour = cell.colour;
      text += fmt::format("\x1b[{}m", colour);
    }
    text += letter_of(cell.dots);
  }
  if (colour != 0) text += "\x1b[0m";
  return text;
}

}  // namespace evo::tools
