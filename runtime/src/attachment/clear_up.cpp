#include "attachment/clear_up.hpp"

#include <unistd.h>

#include "attachment/removal.hpp"
#include "system/kernel_lock.hpp"

namespace evo::detail {

std::optional<TidyHold> TidyHold::take(const Control& control) {
  // Creators wait whether this process or another cleaner holds this lock. If we gave up here, the
  // last two processes to leave could each rely on the other.
  static_cast<void>(lock_quietly(control.fd.get(), kTidyLockByte, 1));
  TidyHold hold(control.fd.get());
  const auto locked = lock_to_change(control);
  if (!locked || !*locked || !control.refresh()) return std::nullopt;
  return hold;
}

TidyHold::~TidyHold() {
  if (fd_ < 0) return;
  unlock(fd_, kNamesLockByte);
  unlock(fd_, kWriterLockByte);
  unlock(fd_, kTidyLockByte);
}

bool clear_up(const Domain& domain, std::string_view name, const Control& control) {
  // release [L]: pairs with the acquire load [M]. A failed create leaves the state Empty, which
  // readers leave alone.
  control.store(control->state, static_cast<std::uint32_t>(ControlState::Closed),
                std::memory_order_release);
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
    // The last reader has left in the meantime. It may have left the rest to this process, because
    // it found the writer's lock taken.
    const auto locked = lock_to_change(control);
    // acquire [M]: a new writer may have opened the segment since.
    if (!locked || !*locked || !control.refresh() ||
        control->state.load(std::memory_order_acquire) ==
            static_cast<std::uint32_t>(ControlState::Open)) {
      return gone;
    }
  }
}

}  // namespace evo::detail
