/// What the computer and the domain must be like for segments to work well, one function for each
/// question. They take what was found out as values, so that any computer can be made up.
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

/// A limit of the process; nothing: there is none.
using Limit = std::optional<std::uint64_t>;

Check check_segments(const std::vector<SegmentInfo>& segments);
Check check_stamps(const std::vector<SegmentInfo>& segments);
/// RLIMIT_MEMLOCK against what all segments of the domain take.
Check check_memory_lock(Limit limit, std::uint64_t memory_of_segments);
/// `shmem_enabled` as /sys has it: `always within_size advise [never] deny force`.
Check check_huge_pages(std::string_view shmem_enabled, const Storage& storage);
Check check_numa(std::size_t nodes);
/// `commands` as MEMBARRIER_CMD_QUERY answers; negative: no such call.
Check check_membarrier(long commands);
/// `files`: the texts of logind.conf and its drop-ins, in the order in which they are read.
Check check_remove_ipc(bool has_logind, const std::filesystem::path& domain, std::uint32_t user,
                       const std::vector<std::string>& files);
Check check_open_files(Limit limit, std::size_t segments);
Check check_priority(Limit limit, bool may_set_nice);
/// `runtime_us` as /proc/sys/kernel/sched_rt_runtime_us has it.
Check check_real_time_share(std::string_view runtime_us);
/// `source` as /sys/devices/system/clocksource has it.
Check check_clock(std::string_view source);
Check check_inotify(std::string_view instances, std::string_view watches);
/// `release` as uname says: `6.1.0-18-amd64`.
Check check_kernel(std::string_view release);

/// All of them, for this computer and process.
Result<std::vector<Check>> examine_computer(const Domain& domain);

}  // namespace evo::tools
