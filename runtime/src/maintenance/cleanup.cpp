// SPDX-License-Identifier: Apache-2.0
#include "evo/cleanup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "attachment/data_file.hpp"
#include "attachment/segment_files.hpp"
#include "attachment/teardown.hpp"
#include "evo/clock.hpp"
#include "evo/detail/waiting.hpp"
#include "evo/format.hpp"
#include "evo/format/segment_header.hpp"
#include "evo/segment_paths.hpp"
#include "system/domain_checks.hpp"
#include "system/domain_scan.hpp"
#include "system/kernel_lock.hpp"
#include "system/lock_holders.hpp"

namespace evo {

namespace detail {

namespace {

/// How long the writer has been known to be dead. If `mark` is set and no process has marked it
/// yet, marks it and wakes its readers.
std::chrono::nanoseconds time_since_death(const Domain& domain, const Control& control,
                                          CleanupItem& item, bool mark) {
  const std::uint64_t now = monotonic_ns();
  // relaxed, both: under the writer's lock; to readers it is only a reason to check the writer.
  const std::uint64_t found = control->found_dead_ns.load(std::memory_order_relaxed);
  // A later time than now was stored in another time namespace.
  if (found != 0 && found <= now) return std::chrono::nanoseconds(now - found);
  item.found_dead = found == 0;
  if (mark) {
    // relaxed: as above.
    control.store(control->found_dead_ns, now, std::memory_order_relaxed);
    if (const auto mapping = map_header(domain, item.name, control)) {
      wake_all(*reinterpret_cast<const SegmentHeader*>(mapping->data()));
    }
  }
  return std::chrono::nanoseconds(0);
}

/// Call with the writer's lock held, except in a dry run. Decides what happens to the segment.
void judge(const Domain& domain, const CleanupPolicy& policy, const Control& control,
           CleanupItem& item) {
  item.action = policy.dry_run ? CleanupAction::WouldRemove : CleanupAction::Removed;
  // relaxed, here: under the writer's lock.
  if (is_of_other_boot(load_bytes(control->boot_id))) {
    item.reason = "left over from a previous boot";
  } else if (control->phase.load(std::memory_order_relaxed) == SegmentPhase::Open) {
    const auto since = time_since_death(domain, control, item, !policy.dry_run);
    item.reason = "its writer is dead";
    if (since < policy.grace) {
      item.action = CleanupAction::Waiting;
      item.left = policy.grace - since;
      return;
    }
  } else if (has_readers(control)) {
    item.action = CleanupAction::StillRead;
    item.reason = "closed, and its last reader removes the rest";
    return;
  } else {
    item.reason = "closed, or its writer died before completing it";
  }
  if (auto strange = find_strangers_file(domain, item.name, control)) {
    item.action = CleanupAction::LeftAlone;
    item.reason = std::move(*strange);
  }
}

/// Checks for a live writer without leaving a trace.
bool has_live_writer(const Domain& domain, std::string_view name) {
  const auto control = copy_control(domain, name, O_RDONLY);
  return control && is_locked(control->fd.get(), kWriterLockByte);
}

/// Cleans up one segment. Returns nullopt if its writer is alive or the segment is gone.
std::optional<CleanupItem> clean(const Domain& domain, std::string_view name,
                                 const CleanupPolicy& policy) {
  // K9. Read-only first: closing a control file that was open for writing wakes all processes that
  // watch the domain.
  if (has_live_writer(domain, name)) return std::nullopt;
  CleanupItem item;
  item.name = name;
  const auto control = copy_control(domain, name, O_RDWR);
  if (!control) {
    if (control.error().code == ErrorCode::NotFound) return std::nullopt;
    item.reason = control.error().message;
    return item;
  }
  // K10. Checked first, so that we never get in the way of a live writer.
  if (is_locked(control->fd.get(), kWriterLockByte)) return std::nullopt;
  // A dry run takes no lock: a process that finds one taken relies on its holder to remove the
  // rest.
  auto hold = policy.dry_run ? std::optional<CleanupLock>() : CleanupLock::take(*control);
  const bool ready =
      policy.dry_run ? !is_being_changed(*control) && control->refresh() : hold.has_value();
  if (!ready || !control->is_current()) return std::nullopt;  // K11
  // relaxed: advice.
  item.writer_pid = (*control)->writer_pid.load(std::memory_order_relaxed);
  item.writer_executable = printable(
      load_text((*control)->writer_executable.data(), (*control)->writer_executable.size()));
  judge(domain, policy, *control, item);
  if (item.action == CleanupAction::Removed) {
    const auto mapping = map_header(domain, name, *control);
    if (!tear_down(domain, name, *control)) {
      item.action = CleanupAction::LeftAlone;
      item.reason = "not all of its files can be removed; list them with ls -l";
    }
    if (mapping) wake_all(*reinterpret_cast<const SegmentHeader*>(mapping->data()));
  }
  hold.reset();
  // The last reader may have found our locks, and left the rest to us.
  if (item.action == CleanupAction::StillRead && !policy.dry_run && !has_readers(*control)) {
    remove_if_closed(domain, name, *control);
  }
  return item;
}

/// Cleans up a data file that no control file names and whose creator is dead: its value is
/// unreachable. Returns nullopt if it is in use, or may be.
std::optional<CleanupItem> clean_unclaimed(const Domain& domain, const std::string& name,
                                           const CleanupPolicy& policy) {
  if (!is_data_file_name(name)) return std::nullopt;  // K12
  const std::string path = domain.path() + "/" + name;
  const auto file = open_checked(domain, path, {O_RDONLY, kWidestDataMode, Access::Group});
  // K13. A creator records the name before it links the file, so a file that is being created is
  // claimed.
  if (!file || is_claimed(domain, path) || is_in_use(file->fd.get())) return std::nullopt;
  CleanupItem item;
  item.name = name;
  item.writer_pid =
      static_cast<std::uint32_t>(std::strtoul(name.c_str() + name.rfind('_') + 1, nullptr, 10));
  // K14. A writer of another release may hold no such lock, and in another PID namespace the number
  // means nothing.
  if (item.writer_pid == 0 || look_at_process(item.writer_pid) != ProcessState::Gone) {
    return std::nullopt;
  }
  item.reason = "no control file names it, and its writer is dead";
  item.action = CleanupAction::WouldRemove;
  if (policy.dry_run) return item;
  // K15. A new process with the same PID would have been seen alive above.
  const bool removed = is_named(path, file->device, file->inode) && ::unlink(path.c_str()) == 0;
  item.action = removed ? CleanupAction::Removed : CleanupAction::LeftAlone;
  if (!removed) item.reason += ", but this user may not remove it";
  return item;
}

CleanupReport clean(const Domain& domain, const std::vector<std::string>& names,
                    const CleanupPolicy& policy) {
  CleanupReport report;
  for (const std::string& name : names) {
    if (auto item = clean(domain, std::string_view(name), policy)) {
      report.items.push_back(std::move(*item));
    }
  }
  return report;
}

}  // namespace

}  // namespace detail

std::string_view to_string(CleanupAction action) noexcept {
  switch (action) {
    case CleanupAction::Removed:
      return "Removed";
    case CleanupAction::WouldRemove:
      return "WouldRemove";
    case CleanupAction::Waiting:
      return "Waiting";
    case CleanupAction::StillRead:
      return "StillRead";
    case CleanupAction::LeftAlone:
      return "LeftAlone";
  }
  return "?";
}

std::size_t CleanupReport::removed() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(items.begin(), items.end(),
                    [](const CleanupItem& item) { return item.action == CleanupAction::Removed; }));
}

Result<CleanupReport> cleanup_orphaned_segments(const Domain& domain, const CleanupPolicy& policy) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  const auto files = detail::scan(domain);
  if (!files) return tl::unexpected(files.error());
  CleanupReport report = detail::clean(domain, files->segments, policy);
  for (const std::string& file : files->data) {
    if (auto item = detail::clean_unclaimed(domain, file, policy)) {
      report.items.push_back(std::move(*item));
    }
  }
  return report;
}

Result<CleanupReport> cleanup_orphaned_segment(const Domain& domain, std::string_view name,
                                               const CleanupPolicy& policy) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  if (auto valid = validate_segment_name(name); !valid) {
    return tl::unexpected(valid.error());
  }
  if (::access(control_path(domain, name).c_str(), F_OK) != 0 && errno == ENOENT) {
    return detail::segment_not_found(domain, name);
  }
  return detail::clean(domain, std::vector{std::string(name)}, policy);
}

}  // namespace evo
