// SPDX-License-Identifier: Apache-2.0
/// Checks how full a domain's file system may become, and allocates memory in it. Used by `create`,
/// and by tools that rehearse a `create` before they give anything up for it.
#pragma once

#include <cstdint>
#include <string>

#include "evo/domain.hpp"
#include "evo/limits.hpp"

namespace evo {

/// NoSpace: a file of `size` bytes would fill the domain's file system beyond the limit. Otherwise
/// returns a warning, or an empty text.
Result<std::string> check_memory_share(const Domain& domain, std::uint64_t size,
                                       const ResourceLimits& limits);

/// Allocates the bytes up to `size`, even if signals interrupt it again and again. NoSpace or
/// ResourceExhausted: no memory. Io: signals interrupted every attempt. After a failure, part of
/// the file may be allocated.
Result<void> allocate_file(int fd, std::uint64_t size, const std::string& directory);

}  // namespace evo
