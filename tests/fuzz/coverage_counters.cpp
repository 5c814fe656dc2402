// SPDX-License-Identifier: Apache-2.0
/// Compiled without coverage: clang declares these names itself in each file that has counters, and
/// takes a second declaration for another variable.
#include <cstdint>
#include <span>

#include "confined_child.hpp"

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
[[gnu::visibility("hidden")]] extern std::uint8_t __start___sancov_cntrs[];
[[gnu::visibility("hidden")]] extern std::uint8_t __stop___sancov_cntrs[];
// NOLINTEND(bugprone-reserved-identifier)
}

namespace evo::fuzz {

std::span<std::uint8_t> coverage_counters() {
  return {__start___sancov_cntrs, __stop___sancov_cntrs};
}

}  // namespace evo::fuzz
