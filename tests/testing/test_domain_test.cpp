// SPDX-License-Identifier: Apache-2.0
#include "evo/testing/test_domain.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <probe.evo.hpp>

using evo::probe::ProbeReader;
using evo::probe::ProbeWriter;
using evo::testing::TestDomain;

namespace {

TEST(TestDomain, IsThatOfEndpointsWithoutAnother) {
  const TestDomain domain;
  EXPECT_TRUE(domain.files().empty());
  const auto writer = ProbeWriter::create();
  ASSERT_TRUE(writer);
  EXPECT_TRUE(ProbeReader::attach());
  EXPECT_EQ(domain.files().size(), 3U) << "data, control, meta";
}

TEST(TestDomain, LeavesNothingBehind) {
  ::setenv("EVO_DOMAIN", "/before", 1);
  ::unsetenv("EVO_MAX_CREATIONS_PER_SECOND");
  std::filesystem::path path;
  {
    const TestDomain domain;
    path = domain.path();
    EXPECT_TRUE(std::filesystem::is_directory(path));
    EXPECT_EQ(::getenv("EVO_DOMAIN"), path);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_STREQ(::getenv("EVO_DOMAIN"), "/before");
  EXPECT_EQ(::getenv("EVO_MAX_CREATIONS_PER_SECOND"), nullptr);
  ::unsetenv("EVO_DOMAIN");
}

TEST(TestDomain, AForkedCopyRemovesNothing) {
  const auto domain = std::make_unique<TestDomain>();
  const pid_t child = ::fork();
  if (child == 0) {
    std::destroy_at(domain.get());
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(std::filesystem::is_directory(domain->path()));
}

}  // namespace
