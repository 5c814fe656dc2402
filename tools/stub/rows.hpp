// SPDX-License-Identifier: Apache-2.0
/// Rows of a CSV file as values of a segment.
///
/// Each column head in the first line is a field, as for `set`, or `time`: the seconds at which the
/// row is due, counted from the first row. Cells may be quoted; arrays must be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "decode/fields.hpp"
#include "stub/lines.hpp"

namespace evo::tools {

/// The cells of a line. InvalidSize: an unclosed quote, or text after a closing quote.
Result<std::vector<std::string>> cells_of(std::string_view line);

struct Row {
  std::uint64_t time_ns = 0;  ///< since the first row; zero if there is no column `time`
  std::vector<std::byte> value;
};

/// Properties common to all rows.
struct RowFormat {
  const Fields& fields;
  std::vector<std::byte> base;  ///< the value in which each row replaces its fields
  std::string file;             ///< for messages
  bool out_of_range = false;    ///< allow values outside `min` and `max`
};

class Rows {
 public:
  /// Reads the first line; `lines` and everything that the format refers to must outlive the rows.
  /// Errors include file and line. NotFound: no such field. InvalidSize: no column, or one that
  /// occurs twice or selects several fields.
  static Result<Rows> of(Lines& lines, RowFormat format);

  /// Whether there is a column `time`.
  [[nodiscard]] bool timed() const { return time_column_.has_value(); }

  /// Whether more rows may arrive later.
  [[nodiscard]] bool come_later() const { return lines_->comes_later(); }

  /// The next row; nothing after the last one. InvalidSize: malformed row. Io: a value out of
  /// range.
  Result<std::optional<Row>> next();

 private:
  Rows(Lines& lines, RowFormat format) : lines_(&lines), format_(std::move(format)) {}

  Result<void> read_header();
  Result<void> check_column(std::string_view path) const;
  Result<Row> row_from(std::string_view line);
  Result<std::uint64_t> time_from(std::string_view cell);
  /// The next line that is not empty.
  Result<std::optional<std::string>> next_line();
  [[nodiscard]] tl::unexpected<Error> at_line(Error error) const;

  Lines* lines_;
  RowFormat format_;
  std::vector<std::string> columns_;
  std::optional<std::size_t> time_column_;
  std::uint64_t line_ = 0;
  std::optional<double> first_time_;
  std::uint64_t last_time_ns_ = 0;
};

}  // namespace evo::tools
