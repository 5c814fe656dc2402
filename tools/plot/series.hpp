// SPDX-License-Identifier: Apache-2.0
/// The recorded values of a field over time, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "inspect/time_style.hpp"

namespace evo::tools {

struct PlotPoint {
  double seconds = 0;
  double value = 0;

  friend bool operator==(const PlotPoint&, const PlotPoint&) = default;
};

/// The name of a value: an enumerator, or `true` for a bool.
struct ValueName {
  double value = 0;
  std::string name;

  friend bool operator==(const ValueName&, const ValueName&) = default;
};

/// Keeps only the first, least, greatest and last value of each short time interval, called a
/// piece. Drawn on fewer columns than there are pieces, the line is the same as with all values.
class Series {
 public:
  /// Number of pieces in a window.
  static constexpr int kPieces = 4096;

  /// Keeps the last `window_s` seconds.
  Series(std::string label, std::string unit, double window_s, std::vector<ValueName> names = {})
      : label_(std::move(label)),
        unit_(std::move(unit)),
        names_(std::move(names)),
        piece_s_(window_s / kPieces) {}

  /// Adds a value and its time; a time before that of the last value counts as equal to it. A value
  /// that is not a number, or is beyond 1e300, is only counted; one nearer to 0 than 1e-280 counts
  /// as 0.
  void add(double seconds, double value);

  /// Discards older pieces except one, so that the line begins at the edge.
  void forget_before(double seconds);

  [[nodiscard]] const std::string& label() const { return label_; }
  [[nodiscard]] const std::string& unit() const { return unit_; }

  /// The names of its values; empty if they are plain numbers.
  [[nodiscard]] const std::vector<ValueName>& names() const { return names_; }

  /// A value by its name, or as a number.
  [[nodiscard]] std::string text_of(double value) const;

  /// Label and unit: `position [mm]`.
  [[nodiscard]] std::string name() const {
    return unit_.empty() ? label_ : label_ + " [" + unit_ + ']';
  }

  /// In time order.
  [[nodiscard]] std::vector<PlotPoint> points() const;
  [[nodiscard]] bool empty() const { return pieces_.empty(); }

  /// The last value added; must not be empty.
  [[nodiscard]] double last() const { return pieces_.back().last.value; }

  /// Number of values omitted because they cannot be drawn.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  struct Piece {
    std::int64_t number = 0;  // its time divided by the length of a piece
    PlotPoint first, least, greatest, last;
  };

  std::string label_;
  std::string unit_;
  std::vector<ValueName> names_;
  double piece_s_;
  std::deque<Piece> pieces_;
  std::uint64_t left_out_ = 0;
};

/// Several series on the same axes.
struct Plot {
  std::string title;
  std::string seen;     ///< the number of publishes seen, as text
  std::string caption;  ///< when and where it was drawn
  double from_s = 0;
  double to_s = 0;
  std::vector<Series> series;
  std::uint64_t start_ns = 0;     ///< CLOCK_MONOTONIC at second 0
  std::optional<double> first_s;  ///< time of the first value
  std::optional<TimeStyle> time;  ///< of the axis; nullopt: seconds before its end
};

/// Least and greatest value in a plot; if all values are equal, with a margin around them.
struct ValueRange {
  double least = 0;
  double greatest = 1;
};
[[nodiscard]] ValueRange value_range(const Plot& plot);

/// The unit of the axis: the unit that all series share, or empty if they differ.
[[nodiscard]] std::string common_unit(const Plot& plot);

/// The names on the axis: those that all series share, or empty if they differ.
[[nodiscard]] std::vector<ValueName> common_names(const Plot& plot);

}  // namespace evo::tools
