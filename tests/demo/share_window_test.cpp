// SPDX-License-Identifier: Apache-2.0
#include "hal_core/share_window.hpp"

#include <gtest/gtest.h>

namespace evo::machine {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

TEST(ShareWindow, NeedsSomeTimeFirst) {
  ShareWindow window;
  EXPECT_EQ(window.add({.at_ns = 5 * kMillisecond, .cpu_time_ns = 0}).window_ns, 0U);
  EXPECT_EQ(window.add({.at_ns = 24 * kMillisecond, .cpu_time_ns = 0}).window_ns, 0U);
  EXPECT_EQ(window.add({.at_ns = 25 * kMillisecond, .cpu_time_ns = 0}).window_ns,
            20 * kMillisecond);
}

TEST(ShareWindow, CoversItsLengthAndForgetsWhatWasBefore) {
  ShareWindow window;
  WorkerShare share;
  std::uint64_t cpu_time_ns = 0;
  for (std::uint64_t ms = 0; ms <= 1000; ++ms) {
    share = window.add({.at_ns = ms * kMillisecond, .cpu_time_ns = cpu_time_ns});
    cpu_time_ns += ms < 500 ? kMillisecond : kMillisecond / 4;  // the whole core, then a quarter
  }
  EXPECT_EQ(share.window_ns, 150 * kMillisecond);
  EXPECT_NEAR(share.share, 0.25, 1e-6);
}

TEST(ShareWindow, OutlivesAHoldUpAndABurst) {
  ShareWindow window;
  static_cast<void>(window.add({.at_ns = 0, .cpu_time_ns = 0}));
  const WorkerShare late =
      window.add({.at_ns = 900 * kMillisecond, .cpu_time_ns = 450 * kMillisecond});
  EXPECT_EQ(late.window_ns, 900 * kMillisecond);
  EXPECT_NEAR(late.share, 0.5, 1e-6);
  WorkerShare dense;
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    dense = window.add({.at_ns = 900 * kMillisecond + i * 100'000,
                        .cpu_time_ns = 450 * kMillisecond + i * 100'000});
  }
  EXPECT_NEAR(dense.share, 1, 1e-6);
  EXPECT_GE(dense.window_ns, 20 * kMillisecond);
}

}  // namespace
}  // namespace evo::machine
