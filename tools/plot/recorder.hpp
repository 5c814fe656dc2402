/// Takes the values of fields, of one segment or of several, into a plot.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "look/segment_look.hpp"
#include "look/selection.hpp"
#include "look/upkeep.hpp"
#include "look/value_columns.hpp"
#include "look/value_stream.hpp"
#include "plot/series.hpp"

namespace evo::tools {

/// A segment of a plot, and a line for each number that is plotted of it.
class PlotSource {
 public:
  /// The look must have fields. A source stays where it is.
  PlotSource(SegmentLook look, std::vector<Element> lines)
      : look_(std::move(look)),
        upkeep_(look_),
        values_(look_, ValueStream::OfState::AllThereAre),
        lines_(std::move(lines)) {}
  PlotSource(const PlotSource&) = delete;
  PlotSource& operator=(const PlotSource&) = delete;

  [[nodiscard]] const SegmentLook& look() const { return look_; }
  [[nodiscard]] const std::vector<Element>& lines() const { return lines_; }
  [[nodiscard]] bool is_stream() const { return look_.info().layout.kind == Kind::Stream; }

  /// Whether it is still there, as Upkeep.
  [[nodiscard]] Result<void> keep() { return upkeep_.keep(); }

  /// The next value, if there is one; counted.
  [[nodiscard]] std::optional<StreamedValue> next();

  /// Publishes that were taken, and those that there were.
  [[nodiscard]] std::uint64_t seen() const { return seen_; }
  [[nodiscard]] std::uint64_t published() const { return published_; }

 private:
  SegmentLook look_;
  Upkeep upkeep_;
  ValueStream values_;
  std::vector<Element> lines_;
  std::uint64_t seen_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t last_sequence_ = 0;
};

using PlotSources = std::vector<std::unique_ptr<PlotSource>>;

/// Opens the segments; a line for each number that the paths stand for, arrays and structs spelled
/// out. NotFound: no such segment or field. InvalidName: no field of a segment is named.
/// InvalidSize: more lines than can be told apart.
[[nodiscard]] Result<PlotSources> plot_sources(const Domain& domain,
                                               const std::vector<Selection>& selections);

class Recorder {
 public:
  /// Called with each value that is taken: the number of its source, and its moment.
  using Callback = std::function<void(std::size_t, const StreamedValue&, std::uint64_t)>;

  /// Keeps the last `window_s` seconds.
  Recorder(PlotSources sources, double window_s);

  /// What the plot's axis of time shows; none: seconds before its end.
  void show_time(std::optional<TimeStyle> style) { plot_.time = style; }

  /// Takes what was published since; comes back after `longest_ns` even if there is more.
  void take(std::uint64_t longest_ns, const Callback& callback = {});

  /// Whether all segments are still there, as Upkeep.
  [[nodiscard]] Result<void> keep();

  /// What is seen of the window that ends now.
  [[nodiscard]] Plot& plot_until(std::uint64_t now_ns);

  [[nodiscard]] const PlotSources& sources() const { return sources_; }

  /// Publishes that were taken, and those that there were.
  [[nodiscard]] std::uint64_t seen_count() const;
  [[nodiscard]] std::uint64_t published_count() const;

 private:
  [[nodiscard]] std::string seen() const;
  void take_from(std::size_t source, std::size_t first_series, std::uint64_t longest_ns,
                 const Callback& callback);

  PlotSources sources_;
  Plot plot_;
  double window_s_;
};

}  // namespace evo::tools
