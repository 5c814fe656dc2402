// SPDX-License-Identifier: Apache-2.0
#include "system/kernel_lock.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>

#include "child_process.hpp"
#include "outcome.hpp"
#include "system/file.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class KernelLock : public testing::Test {
 protected:
  KernelLock() : path_(directory_.path() / "locks") { std::ofstream(path_) << "x"; }

  [[nodiscard]] detail::FileDescriptor open() const {
    return detail::FileDescriptor(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  }

  TemporaryDomain directory_;
  std::filesystem::path path_;
};

TEST_F(KernelLock, ExcludesEveryOtherOpenFileEvenOfThisProcess) {
  const detail::FileDescriptor first = open();
  const detail::FileDescriptor second = open();
  EXPECT_EQ(detail::try_lock(first.get(), 0), true);
  EXPECT_EQ(detail::try_lock(second.get(), 0), false);
  EXPECT_EQ(detail::try_lock(first.get(), 0), true) << "a lock does not exclude its own holder";
  EXPECT_EQ(detail::try_lock(second.get(), 1), true) << "another byte is another lock";
  detail::unlock(first.get(), 0);
  EXPECT_EQ(detail::try_lock(second.get(), 0), true);
}

TEST_F(KernelLock, AskingShowsOthersLocksOnly) {
  const detail::FileDescriptor holder = open();
  const detail::FileDescriptor other = open();
  ASSERT_EQ(detail::try_lock(holder.get(), 5), true);
  EXPECT_FALSE(detail::is_locked(holder.get(), 5));
  EXPECT_TRUE(detail::is_locked(other.get(), 5));
  EXPECT_TRUE(detail::is_locked(other.get(), 0, 6));
  EXPECT_FALSE(detail::is_locked(other.get(), 0, 5));
  EXPECT_FALSE(detail::is_locked(other.get(), 6, 100));
  EXPECT_TRUE(detail::is_locked(other.get(), 5)) << "the query changed nothing";
}

TEST_F(KernelLock, EndsWithItsDescriptor) {
  const detail::FileDescriptor other = open();
  {
    const detail::FileDescriptor holder = open();
    ASSERT_EQ(detail::try_lock(holder.get(), 0), true);
    EXPECT_TRUE(detail::is_locked(other.get(), 0));
  }
  EXPECT_FALSE(detail::is_locked(other.get(), 0));
}

TEST_F(KernelLock, EndsWithAKilledProcess) {
  const Pipe locked;
  Child child([&]() -> std::string {
    const detail::FileDescriptor holder = open();
    static_cast<void>(detail::try_lock(holder.get(), 0));
    locked.write("x");
    ::pause();
    return "";
  });
  ASSERT_TRUE(locked.await_byte());
  const detail::FileDescriptor other = open();
  EXPECT_TRUE(detail::is_locked(other.get(), 0));
  EXPECT_EQ(detail::try_lock(other.get(), 0), false);
  child.kill();
  EXPECT_FALSE(detail::is_locked(other.get(), 0));
  EXPECT_EQ(detail::try_lock(other.get(), 0), true);
}

TEST_F(KernelLock, BadDescriptorIsAnError) {
  EXPECT_EQ(outcome(detail::try_lock(-1, 0)), "Io");
  EXPECT_FALSE(detail::is_locked(-1, 0));
}

}  // namespace
}  // namespace evo::test
