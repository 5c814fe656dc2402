/// The clock of stamps and ages: nanoseconds of CLOCK_MONOTONIC.
#pragma once

#include <cstdint>
#include <ctime>

namespace evo {

/// Nanoseconds of CLOCK_MONOTONIC: the same for every process of the machine, not
/// affected by setting the time. No system call where the vDSO serves the clock.
[[nodiscard]] inline std::uint64_t monotonic_ns() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace evo
