// SPDX-License-Identifier: Apache-2.0
/// A plot that is redrawn in a terminal.
#pragma once

#include <cstdint>

#include "evo/error.hpp"
#include "plot/recorder.hpp"

namespace evo::tools {

/// Longest time in which a plot takes values without checking the clock and the keys.
inline constexpr std::uint64_t kLongestPlotTakeNs = 20'000'000;

/// Durations and intervals of a live plot.
struct PlotTimes {
  std::uint64_t window_ns = 0;
  std::uint64_t interval_ns = 0;
  std::uint64_t take_ns = 0;      ///< between two inspections
  std::uint64_t duration_ns = 0;  ///< 0: unlimited
};

/// Draws until the time is over, or a key or a signal requests the end. Returns whether the
/// terminal still accepts output. Errors as for Recorder::keep.
[[nodiscard]] Result<bool> draw_live(Recorder& recorder, const PlotTimes& times, bool colours);

}  // namespace evo::tools
