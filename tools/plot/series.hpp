/// What `plot` remembers of a field: its values over time, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace evo::tools {

struct PlotPoint {
  double seconds = 0;
  double value = 0;

  friend bool operator==(const PlotPoint&, const PlotPoint&) = default;
};

/// Of each short piece of time only the first, the least, the greatest and the last value are
/// kept: drawn on fewer columns than there are pieces, the line is the same as with all of them.
class Series {
 public:
  /// Pieces that a window is cut into.
  static constexpr int kPieces = 4096;

  /// Keeps the last `window_s` seconds.
  Series(std::string label, std::string unit, double window_s)
      : label_(std::move(label)), unit_(std::move(unit)), piece_s_(window_s / kPieces) {}

  /// A value later than those before. What is no finite number is counted and left out.
  void add(double seconds, double value);

  /// Forgets what is older, but for one piece, so that the line begins at the edge.
  void forget_before(double seconds);

  [[nodiscard]] const std::string& label() const { return label_; }
  [[nodiscard]] const std::string& unit() const { return unit_; }

  /// Label and unit: `position [mm]`.
  [[nodiscard]] std::string name() const {
    return unit_.empty() ? label_ : label_ + " [" + unit_ + ']';
  }

  /// In order of time.
  [[nodiscard]] std::vector<PlotPoint> points() const;
  [[nodiscard]] bool empty() const { return pieces_.empty(); }

  /// The value that was added last; must not be empty.
  [[nodiscard]] double last() const { return pieces_.back().last.value; }

  /// Values that were left out because they are not finite.
  [[nodiscard]] std::uint64_t not_finite() const { return not_finite_; }

 private:
  struct Piece {
    std::int64_t number = 0;  // its time divided by the length of a piece
    PlotPoint first, least, greatest, last;
  };

  std::string label_;
  std::string unit_;
  double piece_s_;
  std::deque<Piece> pieces_;
  std::uint64_t not_finite_ = 0;
};

/// Several series on the same axes.
struct Plot {
  std::string title;
  std::string seen;  ///< how many publishes were seen
  double from_s = 0;
  double to_s = 0;
  std::vector<Series> series;
};

/// Least and greatest of what a plot shows; where all is the same, a little around it.
struct ValueRange {
  double least = 0;
  double greatest = 1;
};
[[nodiscard]] ValueRange value_range(const Plot& plot);

/// The axis's own unit: that of all series, or none where they differ.
[[nodiscard]] std::string common_unit(const Plot& plot);

}  // namespace evo::tools
