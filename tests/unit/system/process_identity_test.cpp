// SPDX-License-Identifier: Apache-2.0
#include "system/process_identity.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace evo::test {
namespace {

TEST(ProcessIdentity, BootIdIsTheKernels) {
  std::string text;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> text;
  std::erase(text, '-');
  EXPECT_EQ(detail::boot_id().text(), text);
  EXPECT_EQ(detail::boot_id(), detail::boot_id());
  EXPECT_NE(detail::boot_id(), detail::BootId{});
}

TEST(ProcessIdentity, UnknownBootIsNoOtherBoot) {
  auto id = detail::boot_id().bytes;
  EXPECT_FALSE(detail::is_of_other_boot(id));
  EXPECT_FALSE(detail::is_of_other_boot({}));
  id[15] ^= 1;
  EXPECT_TRUE(detail::is_of_other_boot(id));
}

TEST(ProcessIdentity, ExecutableIsThisProgram) {
  EXPECT_EQ(detail::executable_path(), std::filesystem::read_symlink("/proc/self/exe").string());
}

TEST(ProcessIdentity, NameIsTheKernels) {
  char before[16] = {};
  ASSERT_EQ(::pthread_getname_np(::pthread_self(), before, sizeof before), 0);
  EXPECT_EQ(detail::process_name(), before);
}

// Uses the same clock: std::time() has the resolution of the kernel's tick and may still return the
// previous second.
TEST(ProcessIdentity, RealTimeIsNanosecondsSince1970) {
  const auto since_1970 = [] {
    return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch());
  };
  constexpr std::chrono::seconds kClockMayBeSet{60};

  const auto before = since_1970();
  const std::chrono::nanoseconds now{detail::realtime_ns()};
  EXPECT_GE(now, before - kClockMayBeSet);
  EXPECT_LE(now, since_1970() + kClockMayBeSet);
}

}  // namespace
}  // namespace evo::test
