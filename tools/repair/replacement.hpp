/// Whether a saved segment may take the place of what the domain has.
#pragma once

#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "look/blueprint.hpp"

namespace evo::tools {

/// Asked before anything is changed. SegmentBusy: a writer lives. PermissionDenied: see
/// `check_owner`. SchemaMismatch, unless `force`: a dead writer's segment of another kind, module
/// or layout bears the name; the message says what differs.
Result<void> check_replacement(const Blueprint& saved, const Domain& domain, bool force);

}  // namespace evo::tools
