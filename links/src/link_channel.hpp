// SPDX-License-Identifier: Apache-2.0
/// A link as the segment that it is.
#pragma once

#include "evo/error.hpp"
#include "evo/links/description.hpp"

namespace evo::links {

inline constexpr std::uint64_t kLongestMessage = std::uint64_t{10} << 20;

/// InvalidSize: the description has a limit that no link can have.
Result<ChannelDescription> channel_of(const LinkDescription& link);

}  // namespace evo::links
