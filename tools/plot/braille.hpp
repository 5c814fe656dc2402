// SPDX-License-Identifier: Apache-2.0
/// A canvas of dots: two columns and four rows of dots per character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace evo::tools {

/// State for drawing lines. It carries over from line to line, so that dash patterns continue.
struct Pen {
  int colour = 0;                  ///< ANSI terminal code, 0 for none
  std::uint16_t pattern = 0xffff;  ///< which of sixteen dots in a row are set
  unsigned drawn = 0;              ///< number of dots drawn
};

class BrailleCanvas {
 public:
  static constexpr int kDotsAcross = 2;
  static constexpr int kDotsDown = 4;

  /// In characters; at least one in each direction.
  BrailleCanvas(int columns, int rows);

  /// In dots; the origin is the upper left.
  [[nodiscard]] int width() const { return columns_ * kDotsAcross; }
  [[nodiscard]] int height() const { return rows_ * kDotsDown; }

  /// Sets a dot if it is inside the canvas. A character takes the colour of its last dot: an ANSI
  /// terminal code, 0 for none.
  void set(int x, int y, int colour);

  /// A straight line between two dots, both on the canvas or near it.
  void line(int from_x, int from_y, int to_x, int to_y, Pen& pen);

  /// The characters of a row; blanks where there are no dots.
  [[nodiscard]] std::string row(int index, bool colours) const;

 private:
  struct Cell {
    std::uint8_t dots = 0;
    std::uint8_t colour = 0;
  };

  int columns_;
  int rows_;
  std::vector<Cell> cells_;
};

}  // namespace evo::tools
