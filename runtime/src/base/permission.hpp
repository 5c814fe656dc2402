// SPDX-License-Identifier: Apache-2.0
/// Why the kernel refused an operation to this user, and what this user can do about it.
#pragma once

#include <string>

namespace evo::detail {

/// The owner and mode of `path` (or of its nearest existing directory), and what this user can do
/// about them. General advice if the path is empty.
std::string permission_remedy(const std::string& path);

}  // namespace evo::detail
