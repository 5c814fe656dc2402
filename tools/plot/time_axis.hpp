// SPDX-License-Identifier: Apache-2.0
/// Labels of the time axis.
#pragma once

#include <string>
#include <vector>

#include "plot/series.hpp"

namespace evo::tools {

struct TimeLabel {
  double seconds = 0;  ///< position on the plot
  std::string text;
};

/// At most `most` round times within the plot, in order.
[[nodiscard]] std::vector<TimeLabel> time_labels(const Plot& plot, int most);

/// Title of the axis: `time [s]`, `time of day`.
[[nodiscard]] std::string time_axis_name(const Plot& plot);

}  // namespace evo::tools
