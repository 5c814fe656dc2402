// SPDX-License-Identifier: Apache-2.0
/// Labels of the value axis: numbers, or the names of enumerators.
#pragma once

#include <string>
#include <vector>

#include "plot/series.hpp"

namespace evo::tools {

struct AxisLabel {
  double value = 0;
  std::string text;
};

/// In order, all within the range; numbers are limited to `most`.
[[nodiscard]] std::vector<AxisLabel> value_labels(const Plot& plot, ValueRange range, int most);

}  // namespace evo::tools
