/// What stands at the axis of values: numbers, or the names of enumerators.
#pragma once

#include <string>
#include <vector>

#include "plot/series.hpp"

namespace evo::tools {

struct AxisLabel {
  double value = 0;
  std::string text;
};

/// In order, all within the range. Of numbers at most `most`.
[[nodiscard]] std::vector<AxisLabel> value_labels(const Plot& plot, ValueRange range, int most);

}  // namespace evo::tools
