/// Rows of text in columns that are as wide as they need to be, or as a terminal allows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/wrap.hpp"

namespace evo::tools {

enum class Align : std::uint8_t { Left, Right };

/// What becomes of a column's cells in a table that is too wide.
enum class Narrowing : std::uint8_t {
  Never,
  Cut,   ///< only once every column that may go has gone: `…` ends what is cut
  Wrap,  ///< before any column goes: a cell takes several lines
};

struct Column {
  std::string head;
  Align align = Align::Left;
  /// Columns leave a table that is too wide in this order, 1 first, and come back in the other
  /// one as far as there is room then; 0 stays.
  int leaves = 0;
  Narrowing narrowing = Narrowing::Never;
};

/// A table as it fits into a width.
struct FittedTable {
  std::string text;
  std::vector<std::string> left_out;  ///< heads of the columns that have left; ` …` ends the head
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns. A cell may hold colours.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// The heads and the rows, each on its lines; no blanks at the ends of lines. Wider than `width`
  /// only if the columns that stay cannot be made any narrower.
  [[nodiscard]] FittedTable fitted(std::size_t width) const;

  /// The same as text, and a last line that names the columns left out.
  [[nodiscard]] std::string text(std::size_t width = kUnlimitedWidth) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace evo::tools
