// SPDX-License-Identifier: Apache-2.0
#include "stub/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evo/format.hpp"
#include "repair/assignment.hpp"
#include "text/trimmed.hpp"

namespace evo::tools {

namespace {

constexpr std::string_view kTime = "time";
/// The UTF-8 byte order mark, which spreadsheets write.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
/// Thirty years: a row due later is a mistake.
constexpr double kLongestSeconds = 1e9;

/// Consumes a cell that begins with a quote; afterwards `line` begins after its closing quote.
Result<std::string> quoted_cell(std::string_view& line) {
  std::string cell;
  line.remove_prefix(1);
  while (true) {
    const std::size_t quote = line.find('"');
    if (quote == std::string_view::npos) {
      return make_error(ErrorCode::InvalidSize, "a quote is not closed on its line");
    }
    cell += line.substr(0, quote);
    line.remove_prefix(quote + 1);
    if (!line.starts_with('"')) return cell;
    cell += '"';  // a doubled quote stands for one
    line.remove_prefix(1);
  }
}

}  // namespace

Result<std::vector<std::string>> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    std::string quoted;
    if (line.starts_with('"')) {
      auto cell = quoted_cell(line);
      if (!cell) return tl::unexpected(cell.error());
      quoted = std::move(*cell);
      if (const auto rest = trimmed(line.substr(0, line.find(','))); !rest.empty()) {
        return make_error(ErrorCode::InvalidSize, "'{}' follows a closing quote", rest);
      }
    }
    const std::size_t comma = line.find(',');
    cells.push_back(quoted.empty() ? std::string(trimmed(line.substr(0, comma)))
                                   : std::move(quoted));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

Result<Rows> Rows::of(Lines& lines, RowFormat format) {
  Rows rows(lines, std::move(format));
  if (auto read = rows.read_header(); !read) return tl::unexpected(read.error());
  return rows;
}

Result<std::optional<Row>> Rows::next() {
  const auto line = next_line();
  if (!line) return tl::unexpected(line.error());
  if (!*line) return std::nullopt;
  auto row = row_from(**line);
  if (!row) return at_line(row.error());
  return std::move(*row);
}

Result<void> Rows::read_header() {
  const auto line = next_line();
  if (!line) return tl::unexpected(line.error());
  if (!*line) {
    return make_error(ErrorCode::InvalidSize,
                      "'{}' is empty; its first line names the fields, such as 'time,{}'",
                      format_.file, format_.fields.all().front().path);
  }
  std::string_view header = **line;
  if (header.starts_with(kByteOrderMark)) header.remove_prefix(kByteOrderMark.size());
  auto columns = cells_of(header);
  if (!columns) return at_line(columns.error());
  columns_ = std::move(*columns);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (std::count(columns_.begin(), columns_.end(), columns_[i]) > 1) {
      return at_line(
          {ErrorCode::InvalidSize, fmt::format("there are two columns '{}'", columns_[i])});
    }
    // A field with that name takes precedence; then rows have no times.
    if (columns_[i] == kTime && !format_.fields.find(kTime)) {
      time_column_ = i;
    } else if (auto checked = check_column(columns_[i]); !checked) {
      return at_line(checked.error());
    }
  }
  return {};
}

Result<void> Rows::check_column(std::string_view path) const {
  const auto found = format_.fields.find(path);
  if (!found) return tl::unexpected(found.error());
  if (found->size() == 1) return {};
  return make_error(ErrorCode::InvalidSize,
                    "'{}' stands for {} fields; give each a column, such as '{}'", path,
                    found->size(), found->empty() ? "" : found->front().path);
}

Result<Row> Rows::row_from(std::string_view line) {
  const auto cells = cells_of(line);
  if (!cells) return tl::unexpected(cells.error());
  if (cells->size() != columns_.size()) {
    return make_error(ErrorCode::InvalidSize, "{} cells, but the first line names {} columns{}",
                      cells->size(), columns_.size(),
                      line.find('[') != line.npos ? "; put an array in quotes, \"[1, 2]\"" : "");
  }
  Row row{.time_ns = 0, .value = format_.base};
  std::vector<std::string> assignments;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i != time_column_) {
      assignments.push_back(columns_[i] + '=' + (*cells)[i]);
    } else if (const auto time = time_from((*cells)[i])) {
      row.time_ns = *time;
    } else {
      return tl::unexpected(time.error());
    }
  }
  const auto changes = assign(format_.fields, assignments, row.value);
  if (!changes) return tl::unexpected(changes.error());
  for (const Change& change : *changes) {
    if (!change.complaint || format_.out_of_range) continue;
    return make_error(ErrorCode::Io, "{}; use --out-of-range to publish it anyway",
                      *change.complaint);
  }
  return row;
}

Result<std::uint64_t> Rows::time_from(std::string_view cell) {
  const auto time = parse_number<double>(cell);
  if (!time || !std::isfinite(*time)) {
    return make_error(ErrorCode::InvalidSize, "'{}' is not a time in seconds", cell);
  }
  const double since_first = *time - first_time_.value_or(*time);
  if (since_first > kLongestSeconds) {
    return make_error(ErrorCode::InvalidSize, "time {} is {:.0f} s after the first row", cell,
                      since_first);
  }
  const auto time_ns = static_cast<std::int64_t>(std::llround(since_first * 1e9));
  if (time_ns < static_cast<std::int64_t>(last_time_ns_)) {
    return make_error(ErrorCode::InvalidSize, "time {} is earlier than that of the previous row",
                      cell);
  }
  if (!first_time_) first_time_ = time;
  last_time_ns_ = static_cast<std::uint64_t>(time_ns);
  return last_time_ns_;
}

Result<std::optional<std::string>> Rows::next_line() {
  while (true) {
    auto line = lines_->next();
    ++line_;
    if (!line) return at_line(line.error());
    if (!*line) return line;
    if (!trimmed(**line).empty()) return line;
  }
}

tl::unexpected<Error> Rows::at_line(Error error) const {
  error.message = fmt::format("{}:{}: {}", format_.file, line_, error.message);
  return tl::unexpected(std::move(error));
}

}  // namespace evo::tools
