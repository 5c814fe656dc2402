// SPDX-License-Identifier: Apache-2.0
/// The clock of stamps and ages: nanoseconds of CLOCK_MONOTONIC.
#pragma once

#include <cstdint>
#include <ctime>

namespace evo {

/// Nanoseconds of CLOCK_MONOTONIC: the same for every process of the machine, unaffected by setting
/// the time. No system call where the vDSO serves the clock.
[[nodiscard]] inline std::uint64_t monotonic_ns() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

/// How far a stamp may be ahead of the clock: most stamps are extrapolated, see
/// detail/stamp_clock.hpp.
inline constexpr std::uint64_t kStampToleranceNs = 2'000;

/// Whether a stamp is later than `now_ns` by more than kStampToleranceNs. Such a stamp was taken
/// from another CLOCK_MONOTONIC: that of another time namespace, or of a container or virtual
/// machine before it was restored. The age of its value is unknown.
[[nodiscard]] constexpr bool is_in_future(std::uint64_t stamp_ns, std::uint64_t now_ns) noexcept {
  return stamp_ns > now_ns && stamp_ns - now_ns > kStampToleranceNs;
}

}  // namespace evo
