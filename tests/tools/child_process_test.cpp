// SPDX-License-Identifier: Apache-2.0
/// Running a function in a child process: the caller gets its error, or Io if the child was killed.
#include "repair/child_process.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "child_process.hpp"

namespace evo::test {
namespace {

TEST(OwnProcess, GivesWhatBecameOfTheDeed) {
  using tools::in_child_process;
  int here = 0;
  EXPECT_TRUE(in_child_process([&]() -> Result<void> {
    here = 1;
    return {};
  }));
  EXPECT_EQ(here, 0) << "it ran in another process";
  const auto failed = in_child_process([]() -> Result<void> {
    return tl::unexpected(Error{ErrorCode::NoSpace, std::string(70'000, 'x'), ENOSPC});
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::NoSpace);
  EXPECT_EQ(failed.error().message.size(), 70'000U) << "more than a pipe accepts in one piece";
  EXPECT_EQ(failed.error().system_errno, ENOSPC);
  const auto killed = in_child_process([]() -> Result<void> { die(); });
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().code, ErrorCode::Io);
}

}  // namespace
}  // namespace evo::test
