/// Rows of text in columns that are as wide as they need to be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evo::tools {

enum class Align : std::uint8_t { Left, Right };

struct Column {
  std::string head;
  Align align = Align::Left;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns. A cell may hold colours.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// The heads and the rows, a line each; no blanks at the ends of lines.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Columns that a text takes in a terminal: its code points, colours left out.
std::size_t width_of(std::string_view text);

}  // namespace evo::tools
