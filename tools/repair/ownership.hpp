/// Whose a segment's files are to be.
#pragma once

#include <string_view>

#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo::tools {

/// Whether who makes this segment anew makes it for whom it belongs to. PermissionDenied for root
/// where that is somebody else: the owner of the segment's control file or, where there is none,
/// of a directory that not everybody may write to. He could not use root's files.
Result<void> check_owner(const Domain& domain, std::string_view segment);

}  // namespace evo::tools
