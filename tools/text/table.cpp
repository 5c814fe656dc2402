// SPDX-License-Identifier: Apache-2.0
#include "text/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "text/trimmed.hpp"

namespace evo::tools {

namespace {

constexpr std::string_view kGap = "  ";
constexpr std::string_view kSign = " …";
/// Minimum widths of narrowed columns.
constexpr std::size_t kLeastCut = 8;
constexpr std::size_t kLeastWrapped = 24;

/// The columns of a table, and their final widths.
class Fit {
 public:
  Fit(const std::vector<Column>& columns, std::vector<std::size_t> widths)
      : columns_(columns), widths_(std::move(widths)), stays_(columns.size(), true) {}

  void fit_into(std::size_t width) {
    if (excess(width, least_wrapped()) != 0) {
      const std::size_t room = width - std::min(width, width_of(kSign));
      std::vector<std::size_t> left;
      while (excess(room, least_wrapped()) != 0) {
        const auto next = next_to_leave();
        if (!next) break;
        stays_[*next] = false;
        left.push_back(*next);
        width = room;
      }
      // Dropping a wide column may leave room for narrow ones, the most important first.
      for (auto column = left.rbegin(); column != left.rend(); ++column) {
        stays_[*column] = true;
        if (excess(room, least_wrapped()) != 0) stays_[*column] = false;
      }
    }
    narrow(Narrowing::Wrap, kLeastWrapped, width);
    narrow(Narrowing::Cut, kLeastCut, width);
  }

  [[nodiscard]] bool stays(std::size_t column) const { return stays_[column]; }
  [[nodiscard]] std::size_t width(std::size_t column) const { return widths_[column]; }

 private:
  [[nodiscard]] std::size_t least(std::size_t column, std::size_t least) const {
    return std::min(widths_[column], std::max(least, width_of(columns_[column].head)));
  }

  /// The widths when every column that may be wrapped is wrapped.
  [[nodiscard]] std::vector<std::size_t> least_wrapped() const {
    std::vector<std::size_t> widths = widths_;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (columns_[i].narrowing == Narrowing::Wrap) widths[i] = least(i, kLeastWrapped);
    }
    return widths;
  }

  /// By how much the remaining columns exceed `room`.
  [[nodiscard]] std::size_t excess(std::size_t room, const std::vector<std::size_t>& widths) const {
    std::size_t total = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (stays_[i]) total += (total == 0 ? 0 : kGap.size()) + widths[i];
    }
    return total > room ? total - room : 0;
  }

  [[nodiscard]] std::optional<std::size_t> next_to_leave() const {
    std::optional<std::size_t> next;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!stays_[i] || columns_[i].leaves == 0) continue;
      if (!next || columns_[i].leaves < columns_[*next].leaves) next = i;
    }
    return next;
  }

  /// Narrows columns of this sort, the widest first, as far as needed.
  void narrow(Narrowing narrowing, std::size_t least_width, std::size_t room) {
    while (excess(room, widths_) != 0) {
      std::optional<std::size_t> widest;
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (!stays_[i] || columns_[i].narrowing != narrowing) continue;
        if (widths_[i] <= least(i, least_width)) continue;
        if (!widest || widths_[i] > widths_[*widest]) widest = i;
      }
      if (!widest) return;
      --widths_[*widest];
    }
  }

  const std::vector<Column>& columns_;
  std::vector<std::size_t> widths_;
  std::vector<bool> stays_;
};

/// A cell as its lines.
std::vector<std::string> lines_of_cell(const std::string& cell, const Column& column,
                                       std::size_t width) {
  if (column.narrowing == Narrowing::Wrap) return wrapped(cell, width);
  if (column.narrowing == Narrowing::Cut) return {shortened(cell, width)};
  return {cell};
}

}  // namespace

FittedTable Table::fitted(std::size_t width) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(width_of(column.head));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  Fit fit(columns_, std::move(widths));
  fit.fit_into(width);

  FittedTable table;
  std::vector<std::size_t> staying;
  std::vector<std::string> heads;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    heads.push_back(columns_[i].head);
    if (fit.stays(i)) {
      staying.push_back(i);
    } else {
      table.left_out.push_back(std::string(trimmed(columns_[i].head)));
    }
  }
  const auto add_row = [&](const std::vector<std::string>& cells, std::string_view sign) {
    std::vector<std::vector<std::string>> lines;
    std::size_t count = 1;
    for (const std::size_t i : staying) {
      lines.push_back(lines_of_cell(cells[i], columns_[i], fit.width(i)));
      count = std::max(count, lines.back().size());
    }
    for (std::size_t n = 0; n < count; ++n) {
      std::string line;
      for (std::size_t k = 0; k < staying.size(); ++k) {
        const std::string cell = n < lines[k].size() ? lines[k][n] : std::string();
        const std::string blanks(fit.width(staying[k]) - width_of(cell), ' ');
        if (k != 0) line += kGap;
        line += columns_[staying[k]].align == Align::Left ? cell + blanks : blanks + cell;
      }
      line.erase(line.find_last_not_of(' ') + 1);
      table.text += line + (n == 0 ? std::string(sign) : std::string()) + '\n';
    }
  };
  add_row(heads, table.left_out.empty() ? std::string_view() : kSign);
  for (const auto& row : rows_) add_row(row, {});
  return table;
}

std::string Table::text(std::size_t width) const {
  FittedTable table = fitted(width);
  if (table.left_out.empty()) return std::move(table.text);
  const std::string hint =
      fmt::format("columns left out: {}; widen the terminal or use --format json",
                  fmt::join(table.left_out, ", "));
  return table.text + wrapped_text(hint, width);
}

}  // namespace evo::tools
