// SPDX-License-Identifier: Apache-2.0
/// The core that a process runs on, and its distance from another core.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace evo::bench {

/// The cores available to this process at the first call, before it pinned itself to one.
const std::vector<int>& usable_cores();

void pin_to_core(int core);

/// Nanoseconds that a cache line takes one way between two cores: half of a round trip, median over
/// fresh mappings, because the time belongs to the physical page. No message between the two can be
/// faster than this.
std::uint64_t line_latency_ns(int here, int there);

/// The host moves virtual cores closer together or farther apart: most lines take 25 to 110 ns, or
/// 155 to 225 ns. Mixed: it moved them during a measurement, which is then meaningless.
enum class Distance : std::uint8_t { Near, Far, Mixed };
inline constexpr std::uint64_t kFarNs = 135;

std::string_view to_string(Distance distance);

constexpr Distance distance_of(std::uint64_t latency_ns) {
  return latency_ns > kFarNs ? Distance::Far : Distance::Near;
}

}  // namespace evo::bench
