/// What a process holds, as /proc tells it.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace evo::cell {

struct ProcessFigures {
  std::uint64_t resident_bytes = 0;  ///< VmRSS
  std::uint64_t descriptors = 0;     ///< open ones
};

/// Zeros if there is no such process.
[[nodiscard]] ProcessFigures figures_of(pid_t pid);

/// How often the process's main thread has gone to sleep of its own accord; 0 if there is none.
[[nodiscard]] std::uint64_t sleeps_of(pid_t pid);

}  // namespace evo::cell
