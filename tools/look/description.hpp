/// A segment and its last value in words, for people.
#pragma once

#include <optional>
#include <string>

#include "look/segment_look.hpp"

namespace evo::tools {

/// What is known of the segment, a line each, and then its fields; bytes where the value cannot be
/// decoded, or with `hex`. `rate` is in publishes a second, where it was counted.
std::string describe(const SegmentLook& look, const ValueLook& value, std::optional<double> rate,
                     bool hex, bool colours);

}  // namespace evo::tools
