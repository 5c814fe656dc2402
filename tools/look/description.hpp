/// A segment and its last value in words, for people.
#pragma once

#include <optional>
#include <string>

#include "look/segment_look.hpp"
#include "text/wrap.hpp"

namespace evo::tools {

struct DescriptionStyle {
  bool hex = false;  ///< the value's bytes too
  bool colours = false;
  std::size_t width = kUnlimitedWidth;
};

/// What is known of the segment, a line each, and then its fields; bytes also where the value
/// cannot be decoded. `rate` is in publishes a second, where it was counted.
std::string describe(const SegmentLook& look, const ValueLook& value, std::optional<double> rate,
                     const DescriptionStyle& style);

}  // namespace evo::tools
