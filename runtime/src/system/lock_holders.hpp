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

/// Processes whose open file holds a lock, as far as this user may see; not this one.
struct LockHolders {
  std::string writer;  ///< "4711": the one that has `pid` in a PID namespace of its own
  std::string others;  ///< "4711, 4712"
};

/// The holders of the write lock on this byte of a file, which `pid` has taken. Looks at what the
/// kernel says of each descriptor, never at the file behind it, which might not answer.
LockHolders find_holders(std::uint64_t device, std::uint64_t inode, std::uint64_t byte,
                         std::uint32_t pid);

}  // namespace evo::detail
