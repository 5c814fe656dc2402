/// The memory limits of control groups, of both versions of the hierarchy.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "doctor/storage_checks.hpp"

namespace evo::tools {

/// The groups with a limit that processes belong to, and those above them, each once.
/// `memberships`: the texts of /proc/PID/cgroup; `root`: where the hierarchies are mounted.
std::vector<MemoryGroup> read_memory_groups(const std::filesystem::path& root,
                                            const std::vector<std::string>& memberships);

}  // namespace evo::tools
