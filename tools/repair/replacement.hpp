// SPDX-License-Identifier: Apache-2.0
/// Whether a saved segment may replace the one in the domain.
#pragma once

#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "inspect/owned_description.hpp"

namespace evo::tools {

/// To be called before any change. SegmentBusy: a writer is alive. PermissionDenied: see
/// `check_owner`. SchemaMismatch, unless `force`: a dead writer's segment of another kind, module
/// or layout has the same name; the message lists the differences.
Result<void> check_replacement(const OwnedDescription& saved, const Domain& domain, bool force);

}  // namespace evo::tools
