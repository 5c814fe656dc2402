// SPDX-License-Identifier: Apache-2.0
/// Limits on how much of the shared resources one process may use. Checked only by `create`.
#pragma once

#include <cstdint>

#include "evo/error.hpp"

namespace evo {

struct ResourceLimits {
  /// Writers that one process may hold at the same time. EVO_MAX_SEGMENTS_PER_PROCESS.
  std::uint32_t segments_per_process = 16;
  /// Segments in a domain. EVO_MAX_SEGMENTS_PER_DOMAIN.
  std::uint32_t segments_per_domain = 1024;
  /// Calls of `create` by one process, averaged over a second: a process that creates segments in a
  /// loop is refused before it slows down the others. 0: no limit. EVO_MAX_CREATIONS_PER_SECOND.
  std::uint32_t creations_per_second = 1000;
  /// Percentage of the domain's file system that may be in use including the new segment. Above the
  /// first, `MemoryReport::note` warns; above the second, `create` fails. EVO_WARN_MEMORY_PERCENT,
  /// EVO_MAX_MEMORY_PERCENT.
  std::uint32_t warn_memory_percent = 80;
  std::uint32_t max_memory_percent = 100;

  /// The defaults, or the values in the environment. InvalidName: a variable is not a number. A
  /// program with more privileges than its caller (setuid) ignores the environment.
  static Result<ResourceLimits> from_environment();
};

}  // namespace evo
