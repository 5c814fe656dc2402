/// Finding out whether a segment could be made, without making it.
#pragma once

#include "evo/channel.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo::tools {

/// Whether this process could make the segment anew once the one of the same name is gone. Asked
/// before that is given up for it: the environment's limits, the right to make files there and
/// whose they would be, the room for them beside those of the former writer, which stay until he
/// and the readers let go of them. Room and limits may be gone a moment later.
Result<void> rehearse_create(const Domain& domain, const ChannelDescription& channel);

}  // namespace evo::tools
