// SPDX-License-Identifier: Apache-2.0
/// Finds the processes that hold a lock that should be free, from `/proc`. For messages.
#pragma once

#include <cstdint>
#include <string>

namespace evo::detail {

enum class ProcessState : std::uint8_t {
  Alive,        ///< also if the state is unknown
  DumpingCore,  ///< its locks stay until the core is written
  Gone,         ///< no such process, or only its exit status remains
};

/// The state of a process in this PID namespace.
ProcessState look_at_process(std::uint32_t pid);

/// Processes whose open file holds a lock, as far as this user can see; excludes this process.
struct LockHolders {
  std::string writer;  ///< "4711": the process whose innermost PID is `pid`
  std::string others;  ///< "4711, 4712"
};

/// Finds the processes that hold the write lock on this byte of a file; `pid` took the lock. Reads
/// what the kernel reports about each descriptor and never opens the file behind it, which might
/// not respond.
LockHolders find_holders(std::uint64_t device, std::uint64_t inode, std::uint64_t byte,
                         std::uint32_t pid);

}  // namespace evo::detail
