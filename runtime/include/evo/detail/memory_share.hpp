/// How full a domain's file system may become, and taking memory of it. Used by `create`, and by
/// tools before they give something up for a segment to be created.
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

/// Allocates the bytes up to `size`, also where signals interrupt it again and again. Fails with
/// NoSpace or ResourceExhausted, and with Io if signals interrupt every attempt. After a failure,
/// part of the file may be allocated.
Result<void> allocate(int fd, std::uint64_t size, const std::string& directory);

}  // namespace evo::detail
