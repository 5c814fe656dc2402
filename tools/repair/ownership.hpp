// SPDX-License-Identifier: Apache-2.0
/// The intended owner of a segment's files.
#pragma once

#include <string_view>

#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo::tools {

/// Whether recreating this segment as the present user keeps its owner. PermissionDenied for root
/// if the owner is another user, who could not use root's files. The owner is that of the segment's
/// control file or, without one, that of the directory if it is not world-writable.
Result<void> check_owner(const Domain& domain, std::string_view segment);

}  // namespace evo::tools
