// SPDX-License-Identifier: Apache-2.0
/// Records the field values of one or more segments into a plot.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "inspect/inspected_segment.hpp"
#include "inspect/schema_guard.hpp"
#include "inspect/selection.hpp"
#include "inspect/value_columns.hpp"
#include "inspect/value_stream.hpp"
#include "plot/series.hpp"

namespace evo::tools {

/// A segment of a plot, and one line for each number that is plotted.
class PlotSource {
 public:
  /// The segment must have fields. A source cannot be moved: its members refer to each other.
  PlotSource(InspectedSegment inspected, std::vector<Element> lines)
      : inspected_(std::move(inspected)),
        schema_guard_(inspected_),
        values_(inspected_, ValueStream::OfState::AllThereAre),
        lines_(std::move(lines)) {}
  PlotSource(const PlotSource&) = delete;
  PlotSource& operator=(const PlotSource&) = delete;

  [[nodiscard]] const InspectedSegment& inspected() const { return inspected_; }
  [[nodiscard]] const std::vector<Element>& lines() const { return lines_; }
  [[nodiscard]] bool is_stream() const { return inspected_.info().layout.kind == Kind::Stream; }

  /// Whether the segment still exists; see SchemaGuard.
  [[nodiscard]] Result<void> keep() { return schema_guard_.keep(); }

  /// The next value, if there is one. Updates the counts.
  [[nodiscard]] std::optional<StreamedValue> next();

  /// Publishes read, and publishes made.
  [[nodiscard]] std::uint64_t seen() const { return seen_; }
  [[nodiscard]] std::uint64_t published() const { return published_; }

 private:
  InspectedSegment inspected_;
  SchemaGuard schema_guard_;
  ValueStream values_;
  std::vector<Element> lines_;
  std::uint64_t seen_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t last_sequence_ = 0;
};

using PlotSources = std::vector<std::unique_ptr<PlotSource>>;

/// Opens the segments; creates one line for each number that the paths select, arrays and structs
/// expanded. NotFound: no such segment or field. InvalidName: no field of a segment is named.
/// InvalidSize: more lines than can be told apart.
[[nodiscard]] Result<PlotSources> plot_sources(const Domain& domain,
                                               const std::vector<Selection>& selections);

class Recorder {
 public:
  /// Called with each value that is taken: the number of its source, the value, and its time in
  /// nanoseconds.
  using Callback = std::function<void(std::size_t, const StreamedValue&, std::uint64_t)>;

  /// Keeps the last `window_s` seconds.
  Recorder(PlotSources sources, double window_s);

  /// What the plot's time axis shows; nullopt: seconds before its end.
  void show_time(std::optional<TimeStyle> style) { plot_.time = style; }

  /// Takes the values published since the last call; returns after `longest_ns` even if more
  /// remain.
  void take(std::uint64_t longest_ns, const Callback& callback = {});

  /// Whether all segments still exist; see SchemaGuard.
  [[nodiscard]] Result<void> keep();

  /// The plot of the window that ends at `now_ns`.
  [[nodiscard]] Plot& plot_until(std::uint64_t now_ns);

  [[nodiscard]] const PlotSources& sources() const { return sources_; }

  /// Publishes read, and publishes made.
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
