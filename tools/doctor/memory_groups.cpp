// SPDX-License-Identifier: Apache-2.0
#include "doctor/memory_groups.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include "decode/scalar.hpp"
#include "text/small_file.hpp"
#include "text/trimmed.hpp"

namespace evo::tools {

namespace {

namespace fs = std::filesystem;

std::uint64_t read_count(const fs::path& file) {
  return parse_number<std::uint64_t>(std::string(trimmed(read_small_file(file)))).value_or(0);
}

/// The number after `key` in a file of lines `key number`.
std::uint64_t read_count(const fs::path& file, std::string_view key) {
  std::istringstream lines(read_small_file(file));
  std::string word;
  for (std::uint64_t number = 0; lines >> word >> number;) {
    if (word == key) return number;
  }
  return 0;
}

/// The group in one directory; nothing if it has no limit. The root of a hierarchy has none.
std::optional<MemoryGroup> read_group(const fs::path& root, const fs::path& directory) {
  // Version 1 writes a number near 2^63 for "unlimited".
  constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 62;
  const bool unified = fs::exists(directory / "memory.max");
  const std::uint64_t limit =
      read_count(directory / (unified ? "memory.max" : "memory.limit_in_bytes"));
  if (limit == 0 || limit >= kUnlimited) return std::nullopt;
  return MemoryGroup{
      .path = directory.lexically_relative(root),
      .limit = limit,
      .used = read_count(directory / (unified ? "memory.current" : "memory.usage_in_bytes")),
      .kills =
          read_count(directory / (unified ? "memory.events" : "memory.oom_control"), "oom_kill")};
}

/// Where the memory is charged, according to a line of /proc/PID/cgroup, `4:memory:/a/b` or
/// `0::/a/b`.
std::optional<std::pair<fs::path, fs::path>> memory_directory(const fs::path& root,
                                                              const std::string& line) {
  const auto first = line.find(':');
  const auto second = line.find(':', first + 1);
  if (first == line.npos || second == line.npos) return std::nullopt;
  const std::string controllers = ',' + line.substr(first + 1, second - first - 1) + ',';
  const fs::path below = fs::path(line.substr(second + 1)).relative_path();
  if (controllers == ",,") return std::pair(root, root / below);
  if (controllers.find(",memory,") == std::string::npos) return std::nullopt;
  return std::pair(root / "memory", root / "memory" / below);
}

}  // namespace

std::vector<MemoryGroup> read_memory_groups(const fs::path& root,
                                            const std::vector<std::string>& memberships) {
  std::set<fs::path> seen;
  std::vector<MemoryGroup> groups;
  for (const std::string& membership : memberships) {
    std::istringstream lines(membership);
    for (std::string line; std::getline(lines, line);) {
      const auto found = memory_directory(root, line);
      if (!found) continue;
      auto [top, directory] = *found;
      // A container may see the paths of its host. Its own group is then the one at the top.
      for (;; directory = directory.parent_path()) {
        if (seen.insert(directory).second) {
          if (auto group = read_group(root, directory)) groups.push_back(std::move(*group));
        }
        if (directory == top || directory == directory.parent_path()) break;
      }
    }
  }
  return groups;
}

}  // namespace evo::tools
