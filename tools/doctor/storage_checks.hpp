/// Where the segments of a domain lie, and what may take them away: the directory, its file system,
/// limits on memory, and programs that clean up. As with the other checks, what was found out
/// comes in as values.
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
  std::string mount_options = {};  ///< as /proc/self/mounts has them: `rw,relatime,huge=advise`
};

/// The directory itself.
struct Directory {
  bool exists = false;
  std::uint32_t mode = 0;  ///< permission bits
  std::uint32_t owner = 0;
  bool writable = false;  ///< by this user; of its parent if it does not exist
};

/// A control group with a limit on memory. The pages of a segment are charged to the group of the
/// process that touches them first.
struct MemoryGroup {
  std::string path;  ///< below /sys/fs/cgroup
  std::uint64_t limit = 0;
  std::uint64_t used = 0;
  std::uint64_t kills = 0;  ///< processes that the kernel has killed for the limit, so far
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
/// `groups`: those of this process and of live writers, and the groups above them.
Check check_memory_groups(const std::vector<MemoryGroup>& groups);
/// `files`: all that systemd-tmpfiles reads; none where it is not installed.
Check check_ageing(const std::filesystem::path& domain, const std::vector<TmpfilesFile>& files);

}  // namespace evo::tools
