// SPDX-License-Identifier: Apache-2.0
/// Storage of a domain's segments, and what may remove them: the directory, its file system, memory
/// limits, and cleanup programs. As with the other checks, findings are passed in as values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check/checks.hpp"

namespace evo::tools {

/// The file system that a domain's directory is on.
struct Storage {
  bool is_tmpfs = false;
  bool read_only = false;
  std::uint64_t size = 0;  ///< bytes; 0: unlimited
  std::uint64_t free = 0;
  std::uint64_t inodes = 0;  ///< 0: unlimited
  std::uint64_t free_inodes = 0;
  std::string mount_options = {};  ///< as in /proc/self/mounts: `rw,relatime,huge=advise`
};

/// The directory itself.
struct Directory {
  bool exists = false;
  std::uint32_t mode = 0;  ///< permission bits
  std::uint32_t owner = 0;
  bool writable = false;  ///< by this user; if it does not exist, its parent
};

/// A control group with a memory limit. The pages of a segment are charged to the group of the
/// process that touches them first.
struct MemoryGroup {
  std::string path;  ///< below /sys/fs/cgroup
  std::uint64_t limit = 0;
  std::uint64_t used = 0;
  std::uint64_t kills = 0;  ///< processes that the kernel has killed for exceeding the limit
};

/// One of systemd's tmpfiles.d files.
struct TmpfilesFile {
  std::string name;
  std::string text;
};

Check check_directory(const std::filesystem::path& path, const Directory& directory,
                      std::uint32_t us);
Check check_file_system(const Storage& storage);
Check check_space(const Storage& storage);
Check check_inodes(const Storage& storage);
/// `groups`: those of this process and of live writers, and their ancestors.
Check check_memory_groups(const std::vector<MemoryGroup>& groups);
/// `files`: everything that systemd-tmpfiles reads; empty if it is not installed.
Check check_ageing(const std::filesystem::path& domain, const std::vector<TmpfilesFile>& files);

}  // namespace evo::tools
