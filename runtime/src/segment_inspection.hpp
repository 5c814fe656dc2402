/// The look at one segment from outside.
#pragma once

#include <optional>
#include <string_view>

#include "evo/segment_info.hpp"

namespace evo::detail {

/// Everything about a segment; nothing if it has no control file any more.
std::optional<SegmentInfo> inspect(const Domain& domain, std::string_view name);

}  // namespace evo::detail
