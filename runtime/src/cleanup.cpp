#include "evo/cleanup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "clear_up.hpp"
#include "data_file.hpp"
#include "domain_scan.hpp"
#include "evo/clock.hpp"
#include "evo/detail/waiting.hpp"
#include "evo/segment_header.hpp"
#include "kernel_lock.hpp"
#include "private_copy.hpp"
#include "removal.hpp"

namespace evo {

namespace detail {

namespace {

/// How long the writer has been known to be dead; marks it if nobody has before.
std::chrono::nanoseconds time_since_death(const Domain& domain, const Control& control,
                                          CleanupItem& item, bool mark) {
  const std::uint64_t now = monotonic_ns();
  // relaxed, both: under the writer's lock; readers take it as a reason to look around.
  const std::uint64_t found = control->found_dead_ns.load(std::memory_order_relaxed);
  // Later than now: it was stored in another time namespace.
  if (found != 0 && found <= now) return std::chrono::nanoseconds(now - found);
  item.found_dead = found == 0;
  if (mark) {
    // relaxed: as above.
    control->found_dead_ns.store(now, std::memory_order_relaxed);
    if (const auto mapping = map_header(domain, item.name, control)) {
      wake_all(*reinterpret_cast<const SegmentHeader*>(mapping->data()));
    }
  }
  return std::chrono::nanoseconds(0);
}

/// With the writer's lock held: what is to become of the segment.
void judge(const Domain& domain, const CleanupPolicy& policy, const Control& control,
           CleanupItem& item) {
  item.action = policy.dry_run ? CleanupAction::WouldRemove : CleanupAction::Removed;
  // relaxed, here: under the writer's lock.
  if (is_of_other_boot(control->boot_id)) {
    item.reason = "left by an earlier boot";
  } else if (control->state.load(std::memory_order_relaxed) ==
             static_cast<std::uint32_t>(ControlState::Open)) {
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
    item.reason = "closed, or its writer died before it was whole";
  }
  if (auto strange = find_strangers_file(domain, item.name, control)) {
    item.action = CleanupAction::LeftAlone;
    item.reason = std::move(*strange);
  }
}

struct Looked {
  bool lives = false;            ///< the writer
  bool counts_sleepers = false;  ///< who may be dead
};

/// What can be learnt of a segment's writer without a trace.
Looked look_at_writer(const Domain& domain, std::string_view name) {
  const auto file = open_checked(domain, control_path(domain, name),
                                 {O_RDONLY, control_mode(Access::Group), Access::Group});
  if (!file || !is_locked(file->fd.get(), kWriterLockByte)) return {};
  Copy<ControlFile> control;
  const bool usable = control.read(file->fd.get()) && control->magic == kControlMagic &&
                      control->format == kControlFormatVersion;
  if (!usable) return {};  // whoever opens it in earnest says what is wrong
  // relaxed: of a private copy.
  return {.lives = true, .counts_sleepers = control->waiters.load(std::memory_order_relaxed) != 0};
}

/// One segment; nothing if its writer lives or it has gone.
std::optional<CleanupItem> clean(const Domain& domain, std::string_view name,
                                 const CleanupPolicy& policy) {
  // Read-only first: each control file that is closed after it could be written makes all look
  // around who watch the domain.
  const Looked looked = look_at_writer(domain, name);
  if (looked.lives && !looked.counts_sleepers) return std::nullopt;
  CleanupItem item;
  item.name = name;
  const auto control = open_control(domain, name, Access::Group);
  if (!control) {
    if (control.error().code == ErrorCode::NotFound) return std::nullopt;
    item.reason = control.error().message;
    return item;
  }
  // Asked first, so that no live writer ever finds us in its way.
  if (is_locked(control->fd.get(), kWriterLockByte)) {
    // Until then each of its publishes makes a system call for a reader that died in its sleep.
    if (looked.counts_sleepers && !policy.dry_run) forget_dead_waiters(*control);
    return std::nullopt;
  }
  const auto hold = TidyHold::take(*control);
  if (!hold || !control->is_current()) return std::nullopt;
  // relaxed: advice.
  item.writer_pid = (*control)->writer_pid.load(std::memory_order_relaxed);
  item.writer_executable = printable(
      load_text((*control)->writer_executable.data(), (*control)->writer_executable.size()));
  judge(domain, policy, *control, item);
  if (item.action == CleanupAction::Removed) {
    const auto mapping = map_header(domain, name, *control);
    if (!clear_up(domain, name, *control)) {
      item.action = CleanupAction::LeftAlone;
      item.reason = "not all of its files can be removed; look for them with ls -l";
    }
    if (mapping) wake_all(*reinterpret_cast<const SegmentHeader*>(mapping->data()));
  }
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
  return detail::clean(domain, files->segments, policy);
}

Result<CleanupReport> cleanup_orphaned_segment(const Domain& domain, std::string_view name,
                                               const CleanupPolicy& policy) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  if (auto valid = detail::validate_segment_name(name); !valid) {
    return tl::unexpected(valid.error());
  }
  if (::access(detail::control_path(domain, name).c_str(), F_OK) != 0) {
    return detail::fail(ErrorCode::NotFound, "segment '{}' is not in domain '{}'", name,
                        domain.path().string());
  }
  return detail::clean(domain, std::vector{std::string(name)}, policy);
}

}  // namespace evo
