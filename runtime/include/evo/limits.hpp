/// How much one process may take of what all share. Checked by `create` alone.
#pragma once

#include <cstdint>

#include "evo/error.hpp"

namespace evo {

struct ResourceLimits {
  /// Writers that one process may hold at a time. EVO_MAX_SEGMENTS_PER_PROCESS.
  std::uint32_t segments_per_process = 16;
  /// Segments in a domain. EVO_MAX_SEGMENTS_PER_DOMAIN.
  std::uint32_t segments_per_domain = 1024;
  /// Calls of `create` by one process, as a mean over a second: a process that starts over and
  /// over is slowed down before it wears out the others. 0: any. EVO_MAX_CREATIONS_PER_SECOND.
  std::uint32_t creations_per_second = 1000;
  /// Percentage of the domain's file system that may be in use with the new segment; beyond the
  /// first `MemoryReport::note` warns, beyond the second `create` refuses.
  /// EVO_WARN_MEMORY_PERCENT, EVO_MAX_MEMORY_PERCENT.
  std::uint32_t warn_memory_percent = 80;
  std::uint32_t max_memory_percent = 100;

  /// The defaults, or what the environment says. InvalidName for a variable that is not a number.
  /// The environment says nothing to a program with more rights than its caller (setuid).
  static Result<ResourceLimits> from_environment();
};

}  // namespace evo
