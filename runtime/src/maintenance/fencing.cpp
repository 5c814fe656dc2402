// SPDX-License-Identifier: Apache-2.0
/// Fences off a live writer, whose lock cannot be taken.
///
/// The lock on kNamesLockByte replaces it. A holder of the writer's lock needs that lock too before
/// it creates or removes a name, so while it is held here
///   I1: the control file at the path stays the one that was locked, and no process completes a
///       create or a takeover of it, even if the former writer dies in the meantime;
///   I2: a holder of the writer's lock is a writer at work, or a process that is about to see that
///       the names are locked and to free its locks. The latter holds kCleanupLockByte, too, and no
///       process holds both for longer than two system calls take; so we check several times.
///
/// The caller may die between any two of the steps. Every process can handle what each step leaves
/// behind, and fencing off again completes it:
///   S1: the incarnation is raised. The writer is fenced off, and removes nothing when it ends;
///       readers keep the last value. When the writer dies, the segment is an orphan that can be
///       taken over.
///   S2: the phase is Closed. No reader attaches any more; once the writer's lock is free, a
///       creator recreates the segment and a cleaner removes it.
///   S3: the generation is raised. Readers are detached, and attach again when there is a
///       successor.
///   S4: the data files are gone, then `.meta`. The control file, which names the others, is still
///       there, and Closed.
///   S5: the control file is gone, and with it the segment. The former writer's lock is on a file
///       without a name, and every process that locks that file notices this.
#include "evo/fencing.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <optional>

#include "attachment/segment_files.hpp"
#include "attachment/teardown.hpp"
#include "evo/format.hpp"
#include "evo/segment_paths.hpp"
#include "system/domain_checks.hpp"
#include "system/kernel_lock.hpp"
#include "system/patience.hpp"

namespace evo {

namespace detail {

namespace {

/// How often the writer's lock is checked before its holder counts as a writer at work.
constexpr int kLockChecks = 10;

FencedWriter describe_last_writer(const Control& control) {
  FencedWriter writer;
  // relaxed: advice.
  writer.pid = control->writer_pid.load(std::memory_order_relaxed);
  writer.executable =
      printable(load_text(control->writer_executable.data(), control->writer_executable.size()));
  return writer;
}

/// Checked before anything is changed, so that a refusal leaves everything as it was.
Result<void> check_removable(const Domain& domain, std::string_view name, const Control& control) {
  // F1
  if (::faccessat(AT_FDCWD, domain.path().c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return make_error(
        ErrorCode::PermissionDenied,
        "user {} may not remove files from '{}'; let the owner of the directory or root "
        "do it",
        ::geteuid(), domain.path());
  }
  // F2
  if (auto strange = find_strangers_file(domain, name, control)) {
    return make_error(ErrorCode::PermissionDenied, "{}; nothing was done", *strange);
  }
  return {};
}

/// Call with the names lock held. Returns whether a writer is at work; nullopt if another process
/// holds the writer's lock to create or to clean up (I2).
std::optional<bool> is_written(const Control& control) {
  for (int look = 0; look < kLockChecks; ++look) {
    if (!is_locked(control.fd.get(), kWriterLockByte)) return false;
    if (is_locked(control.fd.get(), kCleanupLockByte)) return std::nullopt;  // F3
    Patience::pause();
  }
  return true;
}

/// Makes one attempt. Returns nullopt if another process is changing the segment at this moment.
Result<std::optional<FencedWriter>> try_to_fence_off(const Domain& domain, std::string_view name) {
  const auto control = copy_control(domain, name, O_RDWR);
  if (!control) return tl::unexpected(control.error());
  const auto locked = try_lock(control->fd.get(), kNamesLockByte);
  if (!locked) return tl::unexpected(locked.error());
  if (!*locked || !control->is_current() || !control->refresh()) return std::nullopt;  // F4
  FencedWriter writer = describe_last_writer(*control);
  const auto written = is_written(*control);
  if (!written) return std::nullopt;
  if (!*written) {
    // A writer that closed while the names were locked here left its files for us to remove.
    unlock(control->fd.get(), kNamesLockByte);
    remove_if_closed(domain, name, *control);
    return writer;
  }
  // F5
  if (auto removable = check_removable(domain, name, *control); !removable) {
    return tl::unexpected(removable.error());
  }
  if (!retire(domain, name, *control)) {
    return make_error(
        ErrorCode::Io,
        "the writer of segment '{}' is fenced off, but its files in '{}' could not all be "
        "removed; remove those that are left",
        name, domain.path());
  }
  writer.fenced = true;
  return writer;
}

}  // namespace

}  // namespace detail

Result<FencedWriter> fence_off_writer(const Domain& domain, std::string_view name) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());  // F6
  // F7
  if (auto valid = validate_segment_name(name); !valid) {
    return tl::unexpected(valid.error());
  }
  const detail::Patience patience;
  while (true) {
    auto fenced = detail::try_to_fence_off(domain, name);
    if (!fenced) return tl::unexpected(fenced.error());
    if (*fenced) return std::move(**fenced);
    if (patience.is_over()) {
      return make_error(ErrorCode::SegmentBusy,
                        "segment '{}' is locked by another process that is creating, closing or "
                        "cleaning it up; if that process is stopped, resume or kill it",
                        name);
    }
    detail::Patience::pause();
  }
}

}  // namespace evo
