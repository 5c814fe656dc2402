#include "clear_up.hpp"

#include <unistd.h>

#include "data_file.hpp"
#include "kernel_lock.hpp"

namespace evo::detail {

namespace {

/// Removes what a segment that is not Open has left. False if the rest is not ours to do:
/// somebody else's files bear the segment's names.
bool remove_files(const Domain& domain, std::string_view name, const Control& control) {
  const bool data_gone =
      remove_data_file(domain, name, control, 0) && remove_data_file(domain, name, control, 1);
  // Somebody has removed our control file (RemoveIPC, an operator): the files that now bear
  // the segment's names may be a successor's.
  if (!control.is_current()) return false;
  const std::string meta = meta_path(domain, name);
  ::unlink(meta.c_str());
  ::unlink(unfinished_path(meta).c_str());
  // The control file goes last, because it knows the names of the others.
  return data_gone;
}

}  // namespace

std::optional<TidyHold> TidyHold::take(const Control& control) {
  // Whether it is ours or another's who tidies up, creators wait.
  static_cast<void>(try_lock(control.fd.get(), kTidyLockByte));
  TidyHold hold(control.fd.get());
  const auto locked = try_lock(control.fd.get(), kWriterLockByte);
  if (!locked || !*locked) return std::nullopt;
  return hold;
}

TidyHold::~TidyHold() {
  if (fd_ < 0) return;
  unlock(fd_, kWriterLockByte);
  unlock(fd_, kTidyLockByte);
}

void clear_up(const Domain& domain, std::string_view name, const Control& control) {
  // release [L]: pairs with the acquire load [M]. A create that failed leaves it Empty, which
  // readers leave alone.
  control->state.store(static_cast<std::uint32_t>(ControlState::Closed), std::memory_order_release);
  while (true) {
    const bool ours = remove_files(domain, name, control);
    // A reader that attaches after this look finds the segment not Open and lets go.
    const bool read = has_readers(control);
    if (ours && !read) ::unlink(control.path.c_str());
    unlock(control.fd.get(), kWriterLockByte);
    if (!ours || !read || has_readers(control)) return;
    // Who was there has left meanwhile, and may have left the rest to us, because it found
    // the writer's lock taken.
    const auto locked = try_lock(control.fd.get(), kWriterLockByte);
    // acquire [M]: a writer may have come since.
    if (!locked || !*locked ||
        control->state.load(std::memory_order_acquire) ==
            static_cast<std::uint32_t>(ControlState::Open)) {
      return;
    }
  }
}

}  // namespace evo::detail
