// SPDX-License-Identifier: Apache-2.0
/// Collects the values for the checks.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "doctor/computer_checks.hpp"
#include "doctor/memory_groups.hpp"
#include "text/small_file.hpp"

namespace evo::tools {

namespace {

namespace fs = std::filesystem;

Limit limit_of(__rlimit_resource resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

/// The directory, or its nearest existing ancestor.
fs::path existing(fs::path path) {
  std::error_code ignored;
  while (!fs::exists(path, ignored) && path != path.parent_path()) path = path.parent_path();
  return path;
}

/// Mount options of the file system that contains the path: those of the longest mount point above
/// it.
std::string mount_options_of(const fs::path& path) {
  std::ifstream mounts("/proc/self/mounts");
  std::string line;
  std::string options;
  std::size_t longest = 0;
  const std::string wanted = path.string() + '/';
  while (std::getline(mounts, line)) {
    std::istringstream words(line);
    std::string device;
    std::string point;
    std::string type;
    std::string found;
    words >> device >> point >> type >> found;
    const std::string prefix = point.ends_with('/') ? point : point + '/';
    // Of two mounts at one place, the later one covers the other.
    if (!wanted.starts_with(prefix) || prefix.size() < longest) continue;
    longest = prefix.size();
    options = found;
  }
  return options;
}

Storage storage_of(const fs::path& path) {
  Storage storage;
  const fs::path there = existing(path);
  struct statfs status {};
  if (::statfs(there.c_str(), &status) == 0) {
    const auto block = static_cast<std::uint64_t>(status.f_bsize);
    storage.is_tmpfs = status.f_type == TMPFS_MAGIC;
    storage.size = status.f_blocks * block;
    storage.free = status.f_bavail * block;
    storage.inodes = status.f_files;
    storage.free_inodes = status.f_ffree;
    storage.read_only = (static_cast<unsigned long>(status.f_flags) & ST_RDONLY) != 0;
  }
  std::error_code ignored;
  const fs::path real = fs::canonical(there, ignored);
  storage.mount_options = mount_options_of(ignored ? there : real);
  return storage;
}

Directory directory_of(const fs::path& path) {
  Directory directory;
  struct stat status {};
  directory.exists = ::stat(path.c_str(), &status) == 0;
  directory.mode = status.st_mode & 07777U;
  directory.owner = status.st_uid;
  directory.writable = ::faccessat(AT_FDCWD, existing(path).c_str(), W_OK | X_OK, AT_EACCESS) == 0;
  return directory;
}

std::size_t count_numa_nodes() {
  std::error_code ignored;
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/sys/devices/system/node", ignored)) {
    const std::string name = entry.path().filename();
    count += name.starts_with("node") && name.size() > 4 &&
                     name.find_first_not_of("0123456789", 4) == name.npos
                 ? 1
                 : 0;
  }
  return count;
}

/// The files of a configuration directory by name; a file in /etc replaces one of the same name in
/// /run, which replaces one in /usr/lib.
std::map<std::string, fs::path> configuration_files(const fs::path& directory) {
  std::map<std::string, fs::path> files;
  std::error_code ignored;
  for (const char* root : {"/usr/lib", "/run", "/etc"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(root) / directory, ignored)) {
      if (entry.path().extension() == ".conf") files[entry.path().filename()] = entry.path();
    }
  }
  return files;
}

/// logind.conf, then its drop-ins.
std::vector<std::string> logind_files() {
  std::vector<std::string> texts{read_small_file("/etc/systemd/logind.conf")};
  for (const auto& [name, path] : configuration_files("systemd/logind.conf.d")) {
    texts.push_back(read_small_file(path));
  }
  return texts;
}

std::vector<TmpfilesFile> tmpfiles_files() {
  std::error_code ignored;
  if (!fs::exists("/usr/bin/systemd-tmpfiles", ignored)) return {};
  std::vector<TmpfilesFile> files;
  for (const auto& [name, path] : configuration_files("tmpfiles.d")) {
    files.push_back({path, read_small_file(path)});
  }
  return files;
}

/// The groups of this process and of the live writers, as far as their PIDs are valid here.
std::vector<MemoryGroup> memory_groups_of(const std::vector<SegmentInfo>& segments) {
  std::vector<std::string> memberships{read_small_file("/proc/self/cgroup")};
  for (const SegmentInfo& info : segments) {
    if (info.writer_state != WriterState::Alive || info.writer_pid == 0) continue;
    memberships.push_back(
        read_small_file(fs::path("/proc") / std::to_string(info.writer_pid) / "cgroup"));
  }
  return read_memory_groups("/sys/fs/cgroup", memberships);
}

bool has_capability(unsigned capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  return (data[capability / 32].effective >> (capability % 32) & 1U) != 0;
}

std::string kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "";
}

}  // namespace

Result<std::vector<Check>> examine_computer(const Domain& domain) {
  const auto segments = list_segments(domain);
  if (!segments) return tl::unexpected(segments.error());
  std::uint64_t memory = 0;
  for (const SegmentInfo& info : *segments) memory += info.memory;
  const Storage storage = storage_of(domain.path());
  std::error_code ignored;
  return std::vector<Check>{
      check_directory(domain.path(), directory_of(domain.path()), ::geteuid()),
      check_file_system(storage),
      check_space(storage),
      check_inodes(storage),
      check_memory_groups(memory_groups_of(*segments)),
      check_ageing(domain.path(), tmpfiles_files()),
      check_segments(*segments),
      check_stamps(*segments),
      check_memory_lock(limit_of(RLIMIT_MEMLOCK), memory),
      check_huge_pages(read_small_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled"),
                       storage),
      check_numa(count_numa_nodes()),
      check_membarrier(::syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0)),
      check_remove_ipc(fs::exists("/run/systemd/seats", ignored), domain.path(), ::geteuid(),
                       logind_files()),
      check_open_files(limit_of(RLIMIT_NOFILE), segments->size()),
      check_priority(limit_of(RLIMIT_RTPRIO), has_capability(CAP_SYS_NICE)),
      check_real_time_share(read_small_file("/proc/sys/kernel/sched_rt_runtime_us")),
      check_clock(
          read_small_file("/sys/devices/system/clocksource/clocksource0/current_clocksource")),
      check_inotify(read_small_file("/proc/sys/fs/inotify/max_user_instances"),
                    read_small_file("/proc/sys/fs/inotify/max_user_watches")),
      check_kernel(kernel_release())};
}

}  // namespace evo::tools
