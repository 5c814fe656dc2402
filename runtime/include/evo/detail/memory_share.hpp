/// How full a domain's file system may become. Asked by `create`, and by tools before they give
/// something up for a segment to be created.
#pragma once

#include <cstdint>
#include <string>

#include "evo/domain.hpp"
#include "evo/limits.hpp"

namespace evo::detail {

/// NoSpace if a file of `size` bytes would fill the domain's file system beyond the limit; else a
/// warning, or an empty text.
Result<std::string> check_memory(const Domain& domain, std::uint64_t size,
                                 const ResourceLimits& limits);

}  // namespace evo::detail
