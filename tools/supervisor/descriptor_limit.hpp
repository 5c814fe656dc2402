/// The limit of open files, and what is kept free of them.
#pragma once

#include <sys/resource.h>

namespace evo::tools {

/// Raises the soft limit to the hard one. Returns what it was.
rlim_t raise_descriptor_limit() noexcept;

/// The soft limit.
rlim_t descriptor_limit() noexcept;

/// Whether a descriptor that was just opened leaves enough of them to look at a segment, to clean
/// up and to start a command. The kernel gives the lowest number that is free, so the number says
/// how many are left.
bool leaves_reserve(int fd) noexcept;

/// While it lives, the soft limit is the one that this process was started with, for a child that
/// is started now: select() and older programs do not expect more.
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
