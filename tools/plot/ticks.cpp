// SPDX-License-Identifier: Apache-2.0
#include "plot/ticks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace evo::tools {

std::string Ticks::label(int index) const {
  double value = at(index);
  // Rounding error of a sum that should be zero.
  if (std::abs(value) < step * 1e-6) value = 0;
  const double largest = std::max(std::abs(first), std::abs(at(count - 1)));
  if (largest >= 1e7 || step < 1e-6) return fmt::format("{:.6g}", value);
  const int digits = step >= 1 ? 0 : static_cast<int>(std::ceil(-std::log10(step) - 1e-9));
  return fmt::format("{:.{}f}", value, digits);
}

Ticks ticks_between(double least, double greatest, int most) {
  const double span = greatest - least;
  if (!(span > 0) || !std::isfinite(span) || most < 1) return {least, 1, 1};
  const double rough = span / most;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  if (!std::isnormal(power)) return {least, 1, 1};
  for (const double step : {power, 2 * power, 5 * power, 10 * power, 20 * power}) {
    const double first = std::ceil(least / step - 1e-9) * step;
    const int count = static_cast<int>(std::floor((greatest - first) / step + 1e-9)) + 1;
    if (count <= most) return {first, step, std::max(count, 0)};
  }
  return {least, span, 1};
}

}  // namespace evo::tools
