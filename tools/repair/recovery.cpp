// SPDX-License-Identifier: Apache-2.0
#include "repair/recovery.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "evo/cleanup.hpp"
#include "evo/fencing.hpp"
#include "evo/format.hpp"
#include "evo/format/control_file.hpp"
#include "evo/segment_paths.hpp"
#include "inspect/labels.hpp"

namespace evo::tools {

namespace {

/// A descriptor with the lifetime of a function call.
class Opened {
 public:
  Opened(int directory, const char* path, int flags)
      : fd_(::openat(directory, path, flags | O_CLOEXEC)) {}
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

RecoveryPlan refuse(ErrorCode code, std::string why) {
  return {.remedy = Remedy::Refuse, .steps = {std::move(why)}, .refusal = code};
}

RecoveryPlan nothing(std::string why) {
  return {.remedy = Remedy::Nothing, .steps = {std::move(why)}};
}

RecoveryPlan plan_for_live_writer(const SegmentInfo& info, const std::vector<Check>& checks,
                                  bool force) {
  if (!force) {
    const auto wrong = std::ranges::find(checks, CheckResult::Wrong, &Check::result);
    if (wrong == checks.end()) return nothing("nothing to do: it is sound and its writer is alive");
    return refuse(
        ErrorCode::SegmentBusy,
        fmt::format(
            "segment '{}' has a live writer, {}; restart it, or use --force, which fences it off",
            info.name, writer_of(info)));
  }
  RecoveryPlan plan{.remedy = Remedy::FenceOff};
  plan.steps.push_back(
      fmt::format("fence off {}: its next write fails with Fenced, but the process keeps running",
                  writer_of(info)));
  plan.steps.push_back(fmt::format("detach its readers ({}): they get Detached and attach again",
                                   info.readers.size()));
  plan.steps.push_back(
      "remove the segment's files, and with them its last value; the next create recreates it");
  return plan;
}

/// Whether any process holds a lock on a control file that this build cannot read.
bool is_in_use(const Domain& domain, const std::string& file) {
  const Opened opened(AT_FDCWD, (domain.path() + "/" + file).c_str(),
                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (opened.get() < 0) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_len = 0;  // any byte: another release may lock different ones
  return ::fcntl(opened.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/// Whether the process whose PID ends the data file's name may be alive, as far as this PID
/// namespace can tell.
bool maker_may_live(const std::string& file) {
  const std::string number = file.substr(file.rfind('_') + 1);
  pid_t pid = 0;
  std::from_chars(number.data(), number.data() + number.size(), pid);
  return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM);
}

RecoveryPlan plan_removal_of_files(std::vector<std::string> files) {
  RecoveryPlan plan{.remedy = Remedy::RemoveFiles};
  for (const std::string& file : files) {
    plan.steps.push_back(fmt::format("remove '{}', if it is a regular file of this user", file));
  }
  plan.files = std::move(files);
  return plan;
}

RecoveryPlan plan_for_unclaimed(const SegmentInfo& info, bool force) {
  if (!force && maker_may_live(info.name)) {
    return refuse(
        ErrorCode::SegmentBusy,
        fmt::format("the process that created '{}' may still write to it; stop it, or use --force",
                    info.name));
  }
  return plan_removal_of_files({info.name});
}

/// The runtime could not use the control file.
RecoveryPlan plan_for_damaged_control(const Domain& domain, const SegmentInfo& info, bool force) {
  const std::string control = control_file_name(info.name);
  if (!force && is_in_use(domain, control)) {
    return refuse(ErrorCode::SegmentBusy,
                  fmt::format("a process holds a lock on '{}'; stop the segment's writer and "
                              "readers, or use --force",
                              control));
  }
  const std::string meta = meta_path(domain, info.name);
  std::vector<std::string> files;
  for (const std::string& file : {file_name(meta), file_name(meta) + ".new", control}) {
    struct stat status {};
    if (::lstat((domain.path() + "/" + file).c_str(), &status) == 0) files.push_back(file);
  }
  RecoveryPlan plan = plan_removal_of_files(std::move(files));
  plan.steps.push_back("then evo-shm list shows the data files that remain; recover those by name");
  return plan;
}

/// Another release created the files. While a process uses them we must not remove them, not even
/// by force: this build cannot fence off the writer.
RecoveryPlan plan_for_incompatible(const Domain& domain, const SegmentInfo& info, bool force) {
  if (is_in_use(domain, control_file_name(info.name))) {
    return refuse(ErrorCode::FormatMismatch,
                  fmt::format("segment '{}' is in use by processes of another release; use the "
                              "evo-shm of that release, or stop them first ({})",
                              info.name, info.fault));
  }
  if (!force) {
    return refuse(
        ErrorCode::FormatMismatch,
        fmt::format("{}; no process holds a lock on it now, so --force can remove it", info.fault));
  }
  return plan_for_damaged_control(domain, info, force);
}

RecoveryPlan plan_clean_up(const SegmentInfo& info, const CleanupItem& item) {
  RecoveryPlan plan{.remedy = Remedy::CleanUp};
  if (info.condition == SegmentCondition::Sound && info.writer_state == WriterState::Dead) {
    plan.steps.push_back(fmt::format(
        "remove what {} left behind, with its last value (publish {}); to keep that value, restart "
        "the writer instead: it takes over the segment, and readers continue",
        writer_of(info), info.sequence));
    if (!info.readers.empty()) {
      plan.steps.push_back(
          fmt::format("notify its readers ({}) that it is gone; they keep the last value",
                      info.readers.size()));
    }
  } else {
    plan.steps.push_back(fmt::format("remove it: {}", item.reason));
  }
  return plan;
}

}  // namespace

RecoveryPlan plan_recovery(const Domain& domain, const SegmentInfo& info,
                           const std::vector<Check>& checks, bool force) {
  if (info.condition == SegmentCondition::Unclaimed) return plan_for_unclaimed(info, force);
  if (info.condition == SegmentCondition::Unreadable) {
    return refuse(ErrorCode::PermissionDenied,
                  fmt::format("this user may not inspect segment '{}': {}", info.name, info.fault));
  }
  // A segment with a readable control file is judged by its locks, whatever the state of its data
  // file.
  if (info.condition == SegmentCondition::Incompatible && !knows_readers(info)) {
    return plan_for_incompatible(domain, info, force);
  }
  const bool open = !has_no_data(info) && info.condition != SegmentCondition::Stale;
  if (info.writer_state == WriterState::Alive) {
    if (open || force) return plan_for_live_writer(info, checks, force);
    return nothing("nothing to do: its writer is still creating it");
  }
  // The runtime reports what it would do; its locks decide which processes are alive.
  const auto report = cleanup_orphaned_segment(domain, info.name, {.grace = {}, .dry_run = true});
  if (!report || report->items.empty())
    return nothing("nothing to do: it is gone, or has a live writer again");
  const CleanupItem& item = report->items.front();
  if (item.action == CleanupAction::WouldRemove) return plan_clean_up(info, item);
  if (open) return plan_for_damaged_control(domain, info, force);
  if (!info.readers.empty()) return nothing("nothing to do: " + item.reason);
  return refuse(ErrorCode::PermissionDenied, item.reason);
}

Result<void> remove_own_file(const Domain& domain, const std::string& file) {
  const Opened directory(AT_FDCWD, domain.path().c_str(), O_PATH | O_DIRECTORY);
  const Opened opened(directory.get(), file.c_str(), O_PATH | O_NOFOLLOW);
  struct stat status {};
  if (opened.get() < 0 && errno == ENOENT) return {};
  if (opened.get() < 0 || ::fstat(opened.get(), &status) != 0) {
    return make_system_error(errno, fmt::format("cannot inspect '{}'", file));
  }
  if (!file.starts_with("evo_") || file.find('/') != std::string::npos ||
      !S_ISREG(status.st_mode)) {
    return make_error(
        ErrorCode::Corrupt,
        "'{}' is not a regular file of a segment; find out what created it, and remove it by hand",
        file);
  }
  if (status.st_uid != ::geteuid()) {
    return make_error(ErrorCode::PermissionDenied,
                      "'{}' belongs to user {}; ask that user to remove it", file, status.st_uid);
  }
  if (::unlinkat(directory.get(), file.c_str(), 0) != 0 && errno != ENOENT) {
    return make_system_error(errno, fmt::format("cannot remove '{}'", file));
  }
  return {};
}

Result<void> carry_out(const Domain& domain, const SegmentInfo& info, const RecoveryPlan& plan) {
  switch (plan.remedy) {
    case Remedy::Nothing:
    case Remedy::Refuse:
      return {};
    case Remedy::FenceOff: {
      auto fenced = fence_off_writer(domain, info.name);
      if (!fenced) return tl::unexpected(fenced.error());
      if (fenced->fenced) return {};
      // It died in the meantime: the files it left behind are removed in the same way.
      [[fallthrough]];
    }
    case Remedy::CleanUp: {
      const auto report = cleanup_orphaned_segment(domain, info.name, {.grace = {}});
      if (!report) {
        if (report.error().code == ErrorCode::NotFound) return {};
        return tl::unexpected(report.error());
      }
      if (report->removed() == 1) return {};
      if (!report->items.empty()) {
        return make_error(ErrorCode::PermissionDenied, "segment '{}' was left alone: {}", info.name,
                          report->items.front().reason);
      }
      return make_error(ErrorCode::SegmentBusy,
                        "segment '{}' has a new writer by now; nothing was done", info.name);
    }
    case Remedy::RemoveFiles: {
      Result<void> result;
      for (const std::string& file : plan.files) {
        if (auto removed = remove_own_file(domain, file); !removed && result) result = removed;
      }
      return result;
    }
  }
  return {};
}

}  // namespace evo::tools
