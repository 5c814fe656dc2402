/// A drawing of dots: two columns and four rows of them in each character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace evo::tools {

/// What lines are drawn with. It goes on from line to line, so that dashes do too.
struct Pen {
  int colour = 0;                  ///< a code of ANSI terminals, 0 for none
  std::uint16_t pattern = 0xffff;  ///< which of sixteen dots in a row are set
  unsigned drawn = 0;              ///< dots so far
};

class BrailleCanvas {
 public:
  static constexpr int kDotsAcross = 2;
  static constexpr int kDotsDown = 4;

  /// Characters; at least one each way.
  BrailleCanvas(int columns, int rows);

  /// Dots; the first one is the upper left.
  [[nodiscard]] int width() const { return columns_ * kDotsAcross; }
  [[nodiscard]] int height() const { return rows_ * kDotsDown; }

  /// A dot, if it lies on the canvas. A character has the colour of the last dot in it: a code of
  /// ANSI terminals, 0 for none.
  void set(int x, int y, int colour);

  /// A straight line from dot to dot, both of which lie on the canvas or near it.
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
