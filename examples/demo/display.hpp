// SPDX-License-Identifier: Apache-2.0
/// The demo's display: redrawn in place on a terminal, otherwise line after line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "demo/table.hpp"

namespace evo::machine {

/// Fits lines into a terminal above its cursor, each on one row. `…` replaces text that is cut off,
/// and a last line stands for omitted lines. For single-byte characters only.
[[nodiscard]] std::vector<std::string> fitted(std::vector<std::string> lines, std::size_t columns,
                                              std::size_t rows);

class Display {
 public:
  /// Plain on request, and if stdout is not a terminal with cursor control.
  explicit Display(bool plain);

  /// Shows the present state of the run; call it often, it draws at its own interval.
  void show(const Monitor& monitor, const Progress& progress);

  /// Prints a permanent line.
  void print(std::string_view line);

  /// Whether stdout still has a reader.
  [[nodiscard]] bool alive() const;

 private:
  void redraw(const std::vector<std::string>& table);

  bool plain_;
  std::uint64_t next_ns_ = 0;
  std::size_t drawn_lines_ = 0;  // of the table above the cursor
};

}  // namespace evo::machine
