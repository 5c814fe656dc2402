/// Why the kernel refused something to this user, and what this user can do about it.
#pragma once

#include <string>

namespace evo::detail {

/// Whose `path` is, its mode, and what helps this user; of the directory that it should lie in, if
/// there is no such file. Without a path, what can be said in general.
std::string permission_remedy(const std::string& path);

}  // namespace evo::detail
