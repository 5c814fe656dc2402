/// Who holds a lock that should be free: what `/proc` says, for messages.
#pragma once

#include <cstdint>
#include <string>

namespace evo::detail {

enum class ProcessState : std::uint8_t {
  Alive,        ///< also if it cannot be known
  DumpingCore,  ///< its locks stay until the core is written
  Gone,         ///< there is no such process, or only its exit status is left
};

/// A process of this PID namespace.
ProcessState look_at_process(std::uint32_t pid);

/// "4711, 4712": the processes that have this file open, as far as this user may see; not this one.
std::string processes_with(std::uint64_t device, std::uint64_t inode);

}  // namespace evo::detail
