// SPDX-License-Identifier: Apache-2.0
#include "plot/value_axis.hpp"

#include <algorithm>

#include "plot/ticks.hpp"
#include "text/wrap.hpp"

namespace evo::tools {

namespace {

/// Longer names would leave no room for the lines.
constexpr std::size_t kLongestName = 20;

}  // namespace

std::vector<AxisLabel> value_labels(const Plot& plot, ValueRange range, int most) {
  std::vector<AxisLabel> labels;
  for (const ValueName& each : common_names(plot)) {
    if (each.value < range.least || each.value > range.greatest) continue;
    labels.push_back({each.value, shortened(each.name, kLongestName)});
  }
  if (!labels.empty()) {
    std::stable_sort(labels.begin(), labels.end(),
                     [](const auto& a, const auto& b) { return a.value < b.value; });
    return labels;
  }
  const Ticks ticks = ticks_between(range.least, range.greatest, most);
  for (int i = 0; i < ticks.count; ++i) labels.push_back({ticks.at(i), ticks.label(i)});
  return labels;
}

}  // namespace evo::tools
