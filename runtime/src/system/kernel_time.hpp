// SPDX-License-Identifier: Apache-2.0
/// Absolute times, as the kernel takes them.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>

#include "evo/clock.hpp"

namespace evo::detail {

/// The moment at which monotonic_ns() will be `until_ns`, in the kernel's CLOCK_MONOTONIC. They
/// differ in a program whose clock_gettime was replaced: by a SteppedClock of the test kit, or by
/// libfaketime.
inline timespec kernel_time(std::uint64_t until_ns) noexcept {
  timespec kernel{};
  // The kernel's clock first: if the thread is preempted in between, the time is too early, and the
  // caller's loop sleeps again; never too late.
  const bool known = ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &kernel) == 0;
  const std::uint64_t now = monotonic_ns();
  // 292 years are long enough, and fit.
  constexpr std::uint64_t kLongestNs = INT64_MAX / 2;
  const std::uint64_t left = until_ns <= now ? 0 : until_ns - now;
  constexpr std::uint64_t kSecondNs = 1'000'000'000;
  // A filter of system calls may forbid what the vDSO does without one.
  if (!known) kernel = {static_cast<time_t>(now / kSecondNs), static_cast<long>(now % kSecondNs)};
  const std::uint64_t at = static_cast<std::uint64_t>(kernel.tv_sec) * kSecondNs +
                           static_cast<std::uint64_t>(kernel.tv_nsec) +
                           (left < kLongestNs ? left : kLongestNs);
  return {static_cast<time_t>(at / kSecondNs), static_cast<long>(at % kSecondNs)};
}

}  // namespace evo::detail
