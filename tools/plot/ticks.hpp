// SPDX-License-Identifier: Apache-2.0
/// Positions of the numbers on an axis.
#pragma once

#include <string>
#include <vector>

namespace evo::tools {

struct Ticks {
  double first = 0;
  double step = 1;
  int count = 0;

  [[nodiscard]] double at(int index) const { return first + step * index; }

  /// The number, with as many digits as the step needs.
  [[nodiscard]] std::string label(int index) const;
};

/// At most `most` numbers between the two, evenly spaced by 1, 2 or 5 times a power of ten.
[[nodiscard]] Ticks ticks_between(double least, double greatest, int most);

}  // namespace evo::tools
