/// What the kernel says of the calling thread and its process, for evo::rt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evo::detail {

/// Numbers of a list as the kernel writes it, "0-2,5": in order. What does not parse ends it.
[[nodiscard]] std::vector<int> parse_cpu_list(std::string_view text);

/// Cores that this computer has, and those of them that are switched on; in order.
[[nodiscard]] std::vector<int> present_cpus();
[[nodiscard]] std::vector<int> online_cpus();

/// A sentence on each core that was asked for and not given: `given` and `online` are in order.
[[nodiscard]] std::string why_not_cpus(const std::vector<int>& asked, const std::vector<int>& given,
                                       const std::vector<int>& online);

/// Lets the calling thread run on these cores only; returns the error number, 0 if none.
[[nodiscard]] int set_affinity(const std::vector<int>& cpus);
/// Cores that the calling thread may run on, in order.
[[nodiscard]] std::vector<int> affinity();

/// VmLck and VmSize of /proc/self/status, in bytes; 0 if they are not to be had.
[[nodiscard]] std::uint64_t locked_bytes();
[[nodiscard]] std::uint64_t mapped_bytes();

/// Bytes of the calling thread's stack below the caller, without a reserve for calls to come.
[[nodiscard]] std::size_t stack_room();
/// Writes to so many bytes of the stack below the caller; returns how many.
std::size_t touch_stack(std::size_t size);

}  // namespace evo::detail
