// SPDX-License-Identifier: Apache-2.0
/// Checks of a domain's directory before it is used.
#pragma once

#include <string_view>

#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo::detail {

/// Checks that the path is absolute; the message names EVO_DOMAIN. A user domain must be missing,
/// or a directory that this user owns and no other user can write to.
Result<void> validate(const Domain& domain);

/// Whether it is Domain::user(), where files of other users are not trusted.
bool is_user_domain(const Domain& domain);

/// Creates the directory (0700) if it is missing. Then checks a user domain again.
Result<void> ensure_directory(const Domain& domain);

/// NotFound. `why` completes "is not in domain '…'".
tl::unexpected<Error> segment_not_found(const Domain& domain, std::string_view name,
                                        std::string_view why = {});

}  // namespace evo::detail
