// SPDX-License-Identifier: Apache-2.0
/// Checks whether a segment could be created, without creating it.
#pragma once

#include "evo/channel.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo::tools {

/// Whether this process could recreate the segment once the present one of the same name is gone.
/// To be called before the present one is given up. Checks the environment's limits, the permission
/// to create files and their owner, and the space for them in addition to the old files, which
/// remain until the old writer and the readers detach. Space and limits may change a moment later.
Result<void> check_create(const Domain& domain, const ChannelDescription& channel);

}  // namespace evo::tools
