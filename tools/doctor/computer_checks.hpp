// SPDX-License-Identifier: Apache-2.0
/// What segments need from the computer and the domain to work well, one function per check. The
/// functions take their findings as values, so that tests can describe any computer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check/checks.hpp"
#include "doctor/storage_checks.hpp"
#include "evo/segment_info.hpp"

namespace evo::tools {

/// A limit of the process; nullopt: unlimited.
using Limit = std::optional<std::uint64_t>;

Check check_segments(const std::vector<SegmentInfo>& segments);
Check check_stamps(const std::vector<SegmentInfo>& segments);
/// RLIMIT_MEMLOCK against the memory of all segments in the domain.
Check check_memory_lock(Limit limit, std::uint64_t memory_of_segments);
/// `shmem_enabled` as in /sys: `always within_size advise [never] deny force`.
Check check_huge_pages(std::string_view shmem_enabled, const Storage& storage);
Check check_numa(std::size_t nodes);
/// `commands`: the result of MEMBARRIER_CMD_QUERY; negative: the call is unavailable.
Check check_membarrier(long commands);
/// `files`: the texts of logind.conf and its drop-ins, in the order in which they are read.
Check check_remove_ipc(bool has_logind, const std::filesystem::path& domain, std::uint32_t user,
                       const std::vector<std::string>& files);
Check check_open_files(Limit limit, std::size_t segments);
Check check_priority(Limit limit, bool may_set_nice);
/// `runtime_us` as in /proc/sys/kernel/sched_rt_runtime_us.
Check check_real_time_share(std::string_view runtime_us);
/// `source` as in /sys/devices/system/clocksource.
Check check_clock(std::string_view source);
Check check_inotify(std::string_view instances, std::string_view watches);
/// `release` as uname reports it: `6.1.0-18-amd64`.
Check check_kernel(std::string_view release);

/// All checks, for this computer and process.
Result<std::vector<Check>> examine_computer(const Domain& domain);

}  // namespace evo::tools
