// SPDX-License-Identifier: Apache-2.0
/// The limit on open files, and the reserve of free descriptors.
#pragma once

#include <sys/resource.h>

namespace evo::tools {

/// Raises the soft limit to the hard one. Returns the previous soft limit.
rlim_t raise_descriptor_limit() noexcept;

/// The soft limit.
rlim_t descriptor_limit() noexcept;

/// Whether a descriptor that was just opened leaves enough free ones to inspect a segment, to clean
/// up and to start a command. The kernel assigns the lowest free number, so the number shows how
/// many remain.
bool leaves_reserve(int fd) noexcept;

/// While it exists, the soft limit is the one that this process was started with. For starting a
/// child: select() and older programs do not expect more.
class FormerDescriptorLimit {
 public:
  explicit FormerDescriptorLimit(rlim_t former) noexcept;
  FormerDescriptorLimit(const FormerDescriptorLimit&) = delete;
  FormerDescriptorLimit& operator=(const FormerDescriptorLimit&) = delete;
  ~FormerDescriptorLimit();

 private:
  rlimit raised_{};
};

}  // namespace evo::tools
