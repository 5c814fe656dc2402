// SPDX-License-Identifier: Apache-2.0
/// The advice in a refusal is something that works for this user.
#include "base/permission.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "child_process.hpp"
#include "outcome.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class Permission : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
    std::ofstream(file()) << "x";
    std::filesystem::permissions(file(), std::filesystem::perms(0600));
  }

  [[nodiscard]] std::string file() const { return directory_.path() / "evo_probe.ctl"; }

  /// The advice for user `user` about a path.
  static std::string advice_for(uid_t user, const std::string& path) {
    return in_child([&]() -> std::string {
             if (::setuid(user) != 0) return "no other user";
             return detail::permission_remedy(path);
           })
        .text;
  }

  TemporaryDomain directory_;
};

TEST_F(Permission, AFileOfAnotherUserIsForThatUserOrRootToRemove) {
  const std::string advice = advice_for(1234, file());
  EXPECT_TRUE(contains(advice,
                       "belongs to user 0 and has mode 0600, and this is user 1234: run as "
                       "user 0, or let that user or root remove the segment"))
      << advice;
}

TEST_F(Permission, ADirectoryOfAnotherUserIsNotToBeRemoved) {
  for (const std::string& path : {directory_.path().string(), file() + ".missing"}) {
    const std::string advice = advice_for(1234, path);
    EXPECT_TRUE(contains(advice, "run as user 0, or choose another domain")) << advice;
    EXPECT_FALSE(contains(advice, "remove")) << advice;
  }
}

/// Neither the owner nor the mode can be the reason why these users are refused.
TEST_F(Permission, TheOwnerAndRootAreNotSentToTheOwner) {
  std::filesystem::permissions(file(), std::filesystem::perms(0644));
  ASSERT_EQ(::chown(file().c_str(), 1234, 1234), 0);
  for (const uid_t user : {1234U, 0U}) {
    const std::string advice = advice_for(user, file());
    EXPECT_TRUE(contains(advice, "belongs to user 1234")) << advice;
    EXPECT_TRUE(contains(advice, "its file system or a security module forbids it")) << advice;
    EXPECT_FALSE(contains(advice, "run as user")) << advice;
  }
}

}  // namespace
}  // namespace evo::test
