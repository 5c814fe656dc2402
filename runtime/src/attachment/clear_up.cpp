#include "attachment/clear_up.hpp"

#include <unistd.h>

#include "attachment/removal.hpp"
#include "system/kernel_lock.hpp"

namespace evo::detail {

std::optional<TidyHold> TidyHold::take(const Control& control) {
  // Whether this process holds it or another one that cleans up, creators wait. If we gave up here,
  // the last two to leave could each rely on the other.
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
  // release [L]: pairs with the acquire load [M]. A create that failed leaves it Empty, which
  // readers leave alone.
  control.store(control->state, static_cast<std::uint32_t>(ControlState::Closed),
                std::memory_order_release);
  while (true) {
    const bool ours = remove_files(domain, name, control);
    // A reader that attaches after this look finds the segment not Open and lets go.
    const bool read = has_readers(control);
    bool gone = ours;
    if (ours && !read) {
      // relaxed: nothing hangs on it. Who only looks learns that a segment of this name is another.
      const std::uint64_t generation = control->generation.load(std::memory_order_relaxed);
      control.store(control->generation, generation + 1, std::memory_order_relaxed);
      gone = ::unlink(control.path.c_str()) == 0;
    }
    // In this order, so that whoever gets the writer's lock next finds the names free, too.
    unlock(control.fd.get(), kNamesLockByte);
    unlock(control.fd.get(), kWriterLockByte);
    if (!ours || !read || has_readers(control)) return gone;
    // Who was there has left meanwhile, and may have left the rest to us, because it found
    // the writer's lock taken.
    const auto locked = lock_to_change(control);
    // acquire [M]: a writer may have come since.
    if (!locked || !*locked || !control.refresh() ||
        control->state.load(std::memory_order_acquire) ==
            static_cast<std::uint32_t>(ControlState::Open)) {
      return gone;
    }
  }
}

}  // namespace evo::detail
