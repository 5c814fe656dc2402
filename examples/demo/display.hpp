/// Where the demo shows itself: redrawn in place on a terminal, else line after line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "demo/table.hpp"

namespace evo::cell {

/// As many of the lines as a terminal has room for above its cursor, each on one line of it. `…`
/// stands for what is cut, and a last line for those that are missing. Letters of one byte only.
[[nodiscard]] std::vector<std::string> fitted(std::vector<std::string> lines, std::size_t columns,
                                              std::size_t rows);

class Display {
 public:
  /// Plain if asked for, and where stdout is no terminal that can move its cursor.
  explicit Display(bool plain);

  /// Shows the run as it is now; to be called often, draws when it is time to.
  void show(const Monitor& monitor, const Progress& progress);

  /// Prints a line that stays.
  void print(std::string_view line);

  /// Whether somebody still takes what is printed.
  [[nodiscard]] bool alive() const;

 private:
  void redraw(const std::vector<std::string>& table);

  bool plain_;
  std::uint64_t next_ns_ = 0;
  std::size_t drawn_lines_ = 0;  // of the table that stands above the cursor
};

}  // namespace evo::cell
