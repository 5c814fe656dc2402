// SPDX-License-Identifier: Apache-2.0
#include "attachment/teardown.hpp"

#include <unistd.h>

#include "attachment/segment_files.hpp"
#include "system/kernel_lock.hpp"

namespace evo::detail {

namespace {

/// Whether the segment is closed, still has its files, and no process has a lock on it.
bool is_left_behind(const Control& control) {
  if (is_locked(control.fd.get(), kWriterLockByte) || is_locked(control.fd.get(), kNamesLockByte)) {
    return false;
  }
  // acquire [phase]: a new writer may have opened the segment since.
  return !has_readers(control) && control.refresh() &&
         control->phase.load(std::memory_order_acquire) == SegmentPhase::Closed &&
         control.is_current();
}

/// Like lock_to_change(), for a process that is about to leave. If it fails, the holder of the lock
/// removes the rest. But two processes may each have failed because of a lock that the other one
/// held for a moment. So each of them checks again after it has freed its locks.
bool lock_rest(const Control& control) {
  while (true) {
    const auto locked = lock_to_change(control);
    if (!locked) return false;
    if (*locked) return true;
    if (!is_left_behind(control)) return false;
  }
}

}  // namespace

std::optional<CleanupLock> CleanupLock::take(const Control& control) {
  // A creator waits while this lock is held, by this process or by another cleaner. If we gave up
  // because another one holds it, the last two processes to leave could each rely on the other.
  static_cast<void>(lock_quietly(control.fd.get(), kCleanupLockByte, 1));
  CleanupLock hold(control.fd.get());
  if (!lock_rest(control) || !control.refresh()) return std::nullopt;  // K7
  return hold;
}

CleanupLock::~CleanupLock() {
  if (fd_ < 0) return;
  unlock(fd_, kNamesLockByte);
  unlock(fd_, kWriterLockByte);
  unlock(fd_, kCleanupLockByte);
}

bool tear_down(const Domain& domain, std::string_view name, const Control& control) {
  // release [phase]: pairs with the acquire load. A failed create leaves the phase Empty, which
  // readers leave alone.
  control.store(control->phase, SegmentPhase::Closed, std::memory_order_release);
  while (true) {
    const bool ours = remove_files(domain, name, control);
    // A reader that attaches after this check finds the segment not Open and detaches.
    const bool read = has_readers(control);
    bool gone = ours;
    if (ours && !read) {
      // relaxed: nothing depends on it. It shows processes that only inspect that the segment of
      // this name is a different one.
      const std::uint64_t generation = control->generation.load(std::memory_order_relaxed);
      control.store(control->generation, generation + 1, std::memory_order_relaxed);
      gone = ::unlink(control.path.c_str()) == 0;
    }
    // In this order, so that the next holder of the writer's lock finds the names free, too.
    unlock(control.fd.get(), kNamesLockByte);
    unlock(control.fd.get(), kWriterLockByte);
    if (!ours || !read || has_readers(control)) return gone;
    // The last reader detached in the meantime. It may have left the rest to this process, because
    // it found the writer's lock taken.
    // K8. acquire [phase]: a new writer may have opened the segment since.
    if (!lock_rest(control) || !control.refresh() ||
        control->phase.load(std::memory_order_acquire) == SegmentPhase::Open) {
      return gone;
    }
  }
}

void remove_if_closed(const Domain& domain, std::string_view name, const Control& control) {
  const auto hold = CleanupLock::take(control);
  // acquire [phase]: pairs with the closing writer's release store.
  if (hold && control.is_current() &&
      control->phase.load(std::memory_order_acquire) == SegmentPhase::Closed) {
    tear_down(domain, name, control);
  }
}

}  // namespace evo::detail
