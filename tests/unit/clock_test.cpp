#include "evo/clock.hpp"

#include <gtest/gtest.h>

namespace evo::test {
namespace {

std::uint64_t by_system_call() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

TEST(Clock, IsNanosecondsOfTheMonotonicClock) {
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t before = by_system_call();
    const std::uint64_t now = monotonic_ns();
    const std::uint64_t after = by_system_call();
    ASSERT_LE(before, now);
    ASSERT_LE(now, after);
  }
}

}  // namespace
}  // namespace evo::test
