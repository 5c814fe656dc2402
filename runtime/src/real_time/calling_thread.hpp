// SPDX-License-Identifier: Apache-2.0
/// What the kernel reports about the calling thread and its process, for evo::rt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evo::detail {

/// Parses a list as the kernel writes it, "0-2,5", and keeps its order. Stops at the first part
/// that does not parse.
[[nodiscard]] std::vector<int> parse_cpu_list(std::string_view text);

/// The cores of this computer, and those that are online; in order.
[[nodiscard]] std::vector<int> present_cpus();
[[nodiscard]] std::vector<int> online_cpus();

/// Explains, for each core that was requested and not granted, why not; `given` and `online` are in
/// order.
[[nodiscard]] std::string why_not_cpus(const std::vector<int>& asked, const std::vector<int>& given,
                                       const std::vector<int>& online);

/// Restricts the calling thread to these cores. Returns 0 or an error number.
[[nodiscard]] int set_affinity(const std::vector<int>& cpus);
/// The cores that the calling thread may run on, in order.
[[nodiscard]] std::vector<int> affinity();

/// VmLck and VmSize of /proc/self/status, in bytes; 0 if they are unavailable.
[[nodiscard]] std::uint64_t locked_bytes();
[[nodiscard]] std::uint64_t mapped_bytes();

/// Bytes of the calling thread's stack that remain below the caller, minus a reserve for further
/// calls.
[[nodiscard]] std::size_t stack_room();
/// Writes to `size` bytes of the stack below the caller. Returns `size`.
std::size_t touch_stack(std::size_t size);

}  // namespace evo::detail
