/// How a live writer is fenced off whose lock cannot be taken.
///
/// The lock on kNamesLockByte stands in for it. Whoever holds the writer's lock needs that one too
/// before it makes or removes a name, so while it is held here
///   I1: the control file at the path stays the one that was locked, and nobody completes a create
///       or a takeover of it, even if the former writer dies meanwhile;
///   I2: a holder of the writer's lock is a writer at work, or a process that is about to see that
///       the names are locked and to let go. The latter holds kTidyLockByte, too, and no process
///       holds both for longer than two system calls take; so we look several times.
///
/// The caller may die between any two of the steps. What each leaves is something that everybody
/// copes with, and that doing it again completes:
///   S1: the incarnation is raised. The writer is fenced off and its end removes nothing; readers
///       keep the last value. When it dies, the segment is a dead writer's, to be taken over.
///   S2: the state is Closed. Nobody attaches any more; once the writer's lock is free, a creator
///       makes the segment anew and a cleaner removes it.
///   S3: the generation is raised. Readers are detached, and attach again when there is a
///       successor.
///   S4: the data files are gone, then `.meta`; the control file, which knows the others, is still
///       there, and Closed.
///   S5: the control file is gone: there is no such segment. The former writer's lock is on a
///       file without a name, and every one that locks that file sees it.
#include "evo/fencing.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <optional>

#include "attachment/clear_up.hpp"
#include "attachment/removal.hpp"
#include "system/kernel_lock.hpp"

namespace evo {

namespace detail {

namespace {

/// How long to bear with others who make, close or tidy up the segment. None takes a millisecond,
/// unless it is stopped: then it has to be ended first. No time decides about a writer at work.
constexpr std::chrono::seconds kPatience{1};
constexpr timespec kPause{0, 100'000};
/// Looks at the writer's lock before it is taken for that of a writer at work.
constexpr int kLooks = 10;

FencedWriter describe_last_writer(const Control& control) {
  FencedWriter writer;
  // relaxed: advice.
  writer.pid = control->writer_pid.load(std::memory_order_relaxed);
  writer.executable =
      printable(load_text(control->writer_executable.data(), control->writer_executable.size()));
  return writer;
}

/// Asked before anything is changed, so that a refusal leaves everything as it was.
Result<void> check_removable(const Domain& domain, std::string_view name, const Control& control) {
  if (::faccessat(AT_FDCWD, domain.path().c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return fail(ErrorCode::PermissionDenied,
                "user {} may not remove files from '{}'; let the owner of the directory or root "
                "do it",
                ::geteuid(), domain.path().string());
  }
  if (auto strange = find_strangers_file(domain, name, control)) {
    return fail(ErrorCode::PermissionDenied, "{}; nothing was done", *strange);
  }
  return {};
}

/// With no writer alive: a writer that closed while the names were locked here has left them to us.
void remove_if_closed(const Domain& domain, std::string_view name, const Control& control) {
  unlock(control.fd.get(), kNamesLockByte);
  const auto hold = TidyHold::take(control);
  // acquire [M]: pairs with the closing writer's release store.
  if (hold && control.is_current() &&
      control->state.load(std::memory_order_acquire) ==
          static_cast<std::uint32_t>(ControlState::Closed) &&
      !has_readers(control)) {
    clear_up(domain, name, control);
  }
}

/// With the lock on the names held: whether a writer is at work; nothing if another process holds
/// the writer's lock to create or to clean up (I2).
std::optional<bool> is_written(const Control& control) {
  for (int look = 0; look < kLooks; ++look) {
    if (!is_locked(control.fd.get(), kWriterLockByte)) return false;
    if (is_locked(control.fd.get(), kTidyLockByte)) return std::nullopt;
    ::nanosleep(&kPause, nullptr);
  }
  return true;
}

/// One attempt; nothing if another process is just changing the segment.
Result<std::optional<FencedWriter>> try_to_fence_off(const Domain& domain, std::string_view name) {
  const auto control = copy_control(domain, name, O_RDWR);
  if (!control) return tl::unexpected(control.error());
  const auto locked = try_lock(control->fd.get(), kNamesLockByte);
  if (!locked) return tl::unexpected(locked.error());
  if (!*locked || !control->is_current() || !control->refresh()) return std::nullopt;
  FencedWriter writer = describe_last_writer(*control);
  const auto written = is_written(*control);
  if (!written) return std::nullopt;
  if (!*written) {
    remove_if_closed(domain, name, *control);
    return writer;
  }
  if (auto removable = check_removable(domain, name, *control); !removable) {
    return tl::unexpected(removable.error());
  }
  if (!retire(domain, name, *control)) {
    return fail(ErrorCode::Io,
                "the writer of segment '{}' is fenced off, but its files in '{}' could not all be "
                "removed; remove those that are left",
                name, domain.path().string());
  }
  writer.fenced = true;
  return writer;
}

}  // namespace

}  // namespace detail

Result<FencedWriter> fence_off_writer(const Domain& domain, std::string_view name) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  if (auto valid = detail::validate_segment_name(name); !valid) {
    return tl::unexpected(valid.error());
  }
  const auto end = std::chrono::steady_clock::now() + detail::kPatience;
  while (true) {
    auto fenced = detail::try_to_fence_off(domain, name);
    if (!fenced) return tl::unexpected(fenced.error());
    if (*fenced) return std::move(**fenced);
    if (std::chrono::steady_clock::now() >= end) {
      return detail::fail(ErrorCode::SegmentBusy,
                          "segment '{}' is locked by another process that is creating, closing or "
                          "cleaning it up; if that process is stopped, resume or kill it",
                          name);
    }
    ::nanosleep(&detail::kPause, nullptr);
  }
}

}  // namespace evo
