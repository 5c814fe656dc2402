// SPDX-License-Identifier: Apache-2.0
/// Rows of text in columns, sized to their contents or to the terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/wrap.hpp"

namespace evo::tools {

enum class Align : std::uint8_t { Left, Right };

/// How a column's cells are narrowed in a table that is too wide.
enum class Narrowing : std::uint8_t {
  Never,
  Cut,   ///< only after every column that may be dropped is dropped: `…` marks the cut
  Wrap,  ///< before any column is dropped: a cell takes several lines
};

struct Column {
  std::string head;
  Align align = Align::Left;
  /// Columns are dropped from a table that is too wide in this order, 1 first, and restored in
  /// reverse order as far as there is room; 0 is never dropped.
  int leaves = 0;
  Narrowing narrowing = Narrowing::Never;
};

/// A table fitted into a width.
struct FittedTable {
  std::string text;
  std::vector<std::string> left_out;  ///< heads of the dropped columns; ` …` ends the head
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// One cell per column. A cell may contain colours.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// The heads and the rows, without trailing blanks. Wider than `width` only if the remaining
  /// columns cannot be narrowed further.
  [[nodiscard]] FittedTable fitted(std::size_t width) const;

  /// The same as text, with a last line that names the dropped columns.
  [[nodiscard]] std::string text(std::size_t width = kUnlimitedWidth) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace evo::tools
