// SPDX-License-Identifier: Apache-2.0
/// The memory limits of control groups, cgroup v1 and v2.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "doctor/storage_checks.hpp"

namespace evo::tools {

/// The groups with a limit that contain the processes, and their ancestors, each once.
/// `memberships`: the texts of /proc/PID/cgroup; `root`: where the hierarchies are mounted.
std::vector<MemoryGroup> read_memory_groups(const std::filesystem::path& root,
                                            const std::vector<std::string>& memberships);

}  // namespace evo::tools
