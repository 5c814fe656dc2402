// SPDX-License-Identifier: Apache-2.0
/// Describes a segment and its last value as text.
#pragma once

#include <optional>
#include <string>

#include "inspect/inspected_segment.hpp"
#include "text/wrap.hpp"

namespace evo::tools {

struct DescriptionStyle {
  bool hex = false;  ///< the value's bytes too
  bool colours = false;
  std::size_t width = kUnlimitedWidth;
};

/// The known properties of the segment, one per line, then its fields, or its bytes if the value
/// cannot be decoded. `rate` is in publishes per second, if it was measured.
std::string describe(const InspectedSegment& inspected, const InspectedValue& value,
                     std::optional<double> rate, const DescriptionStyle& style);

}  // namespace evo::tools
