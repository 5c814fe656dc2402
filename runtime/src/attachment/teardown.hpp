// SPDX-License-Identifier: Apache-2.0
/// Teardown of a segment: the last process out removes its files.
///
/// A closing writer, and a reader that leaves a closed segment, each check whether the other is
/// still there. I1: a reader frees its lock before it reads the phase, and a process that tears
/// down checks for readers once more after it frees the writer's lock. So neither relies on a
/// process that has already checked and left.
///
/// I2: a process that cannot take the locks relies on their holder only while it is there: once it
/// has freed its own locks, it checks whether the segment is closed, unread and not locked by any
/// process. Then it tries again. The last process to free a lock always finds the others gone.
#pragma once

#include <optional>
#include <utility>

#include "attachment/control.hpp"

namespace evo::detail {

/// Holds the writer's lock and the names lock for a moment to clean up. A creator waits until it
/// ends.
class CleanupLock {
 public:
  /// Returns nullopt if another process holds the writer's lock or is fencing off its holder.
  static std::optional<CleanupLock> take(const Control& control);
  CleanupLock(CleanupLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  CleanupLock& operator=(CleanupLock&&) = delete;
  ~CleanupLock();

 private:
  explicit CleanupLock(int fd) noexcept : fd_(fd) {}

  int fd_;
};

/// Call with the writer's lock and the names lock held, on a segment that is not Open. Removes
/// everything that the last writer left behind, wherever it died, and the control file unless a
/// reader is attached. Frees both locks. Returns false if a file of the segment could not be
/// removed.
bool tear_down(const Domain& domain, std::string_view name, const Control& control);

/// Tears the segment down if it is closed and no process holds its locks. Call without locks; any
/// process that leaves a closed segment, or has kept its locks from one that left, calls it.
void remove_if_closed(const Domain& domain, std::string_view name, const Control& control);

}  // namespace evo::detail
