// SPDX-License-Identifier: Apache-2.0
/// Resources held by a process, read from /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace evo::machine {

struct ProcessFigures {
  std::uint64_t resident_bytes = 0;  ///< VmRSS
  std::uint64_t descriptors = 0;     ///< open ones
};

/// Zeros if there is no such process.
[[nodiscard]] ProcessFigures figures_of(pid_t pid);

/// How often the process's main thread has gone to sleep voluntarily; 0 if there is no such
/// process.
[[nodiscard]] std::uint64_t sleeps_of(pid_t pid);

}  // namespace evo::machine
