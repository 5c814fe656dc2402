/// A plot that is redrawn in a terminal.
#pragma once

#include <cstdint>

#include "evo/error.hpp"
#include "plot/recorder.hpp"

namespace evo::tools {

/// No longer than this does a plot take values without a look at the clock and the keys.
inline constexpr std::uint64_t kLongestPlotTakeNs = 20'000'000;

/// How long, and how often.
struct PlotTimes {
  std::uint64_t window_ns = 0;
  std::uint64_t interval_ns = 0;
  std::uint64_t take_ns = 0;      ///< between two looks
  std::uint64_t duration_ns = 0;  ///< 0: without an end
};

/// Draws until the time is over, or a key or a signal asks for the end. Returns whether the
/// terminal takes more text. Errors as of Recorder::keep.
[[nodiscard]] Result<bool> draw_live(Recorder& recorder, const PlotTimes& times, bool colours);

}  // namespace evo::tools
