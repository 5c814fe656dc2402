// SPDX-License-Identifier: Apache-2.0
#include "attachment/data_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "evo/segment_paths.hpp"
#include "system/kernel_lock.hpp"

namespace evo::detail {

std::optional<std::string> data_file_path(const Domain& domain, std::string_view name,
                                          const Control& control, std::uint32_t index) {
  const DataFileName& file = control->data_files[index];
  // acquire [data-file-name]: pairs with the store of the writer that named the file, so that the
  // module read next matches this PID.
  const std::uint32_t pid = file.pid.load(std::memory_order_acquire);
  if (pid == 0) return std::nullopt;
  const std::string module = load_text(file.module.data(), file.module.size());
  if (!validate_module_name(module)) return std::nullopt;  // K1
  return data_path(domain, module, name, pid);
}

bool is_data_file_name(std::string_view file) {
  constexpr std::string_view kPrefix = "evo_";
  const auto gap = file.rfind('_');
  if (!file.starts_with(kPrefix) || gap == file.npos || gap < kPrefix.size()) return false;
  const std::string_view words = file.substr(kPrefix.size(), gap - kPrefix.size());
  const std::string_view pid = file.substr(gap + 1);
  return words.find('_') != words.npos && !pid.empty() && pid.size() <= 10 &&
         pid.find_first_not_of("0123456789") == pid.npos;
}

void mark_in_use(int fd) {
  // A file system without such locks could not lock the control file either.
  static_cast<void>(lock_quietly(fd, kDataLockByte, 1));
}

bool is_in_use(int fd) {
  return is_locked(fd, kDataLockByte);
}

bool remove_data_file(const Domain& domain, std::string_view name, const Control& control,
                      std::uint32_t index) {
  if (const auto path = data_file_path(domain, name, control, index)) {
    // Checked before find_other_user(). From here on, another segment's writer that tries to link
    // this name finds our file there, and checks, too; or the file is already that writer's.
    struct stat status {};
    const bool exists = ::lstat(path->c_str(), &status) == 0;
    // K2. Only ENOENT means that it is gone. A process that gave up its privileges may not even be
    // allowed to look it up.
    if (!exists && errno != ENOENT) return false;
    // If our control file is gone, a successor in this very process counts as another user.
    const std::string_view us = control.is_current() ? name : std::string_view();
    if (exists && !find_other_user(domain, *path, us) && ::unlink(path->c_str()) != 0 &&
        errno != ENOENT) {
      return false;
    }
  }
  // relaxed: a reader that still sees the old name finds no file and tries again.
  return control.store(control->data_files[index].pid, 0U, std::memory_order_relaxed);
}

namespace {

/// Whether a control file that cannot be read may be that of the writer of this data file. Not if
/// another user owns it: that user would own the data file, too.
bool may_name(const Domain& domain, std::string_view name, const std::string& data) {
  struct stat file {};
  struct stat control {};
  if (::lstat(control_path(domain, name).c_str(), &control) != 0) return errno != ENOENT;
  return ::lstat(data.c_str(), &file) != 0 || file.st_uid == control.st_uid;
}

/// The first segment whose control file names this data file and for which `wanted(name, control)`
/// is true. The file name does not show where the module ends and the segment begins, so each split
/// is tried.
template <class Wanted>
std::optional<std::string> find_naming(const Domain& domain, const std::string& path,
                                       Wanted&& wanted) {
  const std::string file = std::filesystem::path(path).filename();
  const std::string_view words = std::string_view(file).substr(4, file.rfind('_') - 4);
  for (auto gap = words.find('_'); gap != words.npos; gap = words.find('_', gap + 1)) {
    std::string other(words.substr(gap + 1));
    if (!is_segment_name(other)) continue;
    const auto control = copy_control(domain, other, O_RDONLY);
    if (!control) {
      if (control.error().code == ErrorCode::NotFound || !may_name(domain, other, path)) continue;
      return other;
    }
    if (!wanted(other, *control)) continue;
    for (std::uint32_t index = 0; index < 2; ++index) {
      if (data_file_path(domain, other, *control, index) == path) return other;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_other_user(const Domain& domain, const std::string& path,
                                           std::string_view name) {
  return find_naming(domain, path, [&](const std::string& other, const Control& control) {
    if (other == name) return false;
    // A writer records the name, then links the file, then stores Open. So a process that finds the
    // file also finds its creator: by its entry, and by its lock or its phase.
    if (is_locked(control.fd.get(), kWriterLockByte)) return true;
    // acquire [phase]: pairs with its writer's release stores.
    return !control.refresh() ||
           control->phase.load(std::memory_order_acquire) == SegmentPhase::Open;
  });
}

bool is_claimed(const Domain& domain, const std::string& path) {
  return find_naming(domain, path, [](const std::string&, const Control&) { return true; })
      .has_value();
}

}  // namespace evo::detail
