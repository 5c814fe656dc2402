// SPDX-License-Identifier: Apache-2.0
#include "evo/testing/program.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "evo/testing/test_domain.hpp"

using namespace std::chrono_literals;
using evo::testing::Program;
using evo::testing::TestDomain;

namespace {

TEST(Program, RunsAndEnds) {
  const TestDomain domain;
  Program program("/bin/sh", {"-c", "echo out; echo err >&2; echo \"$EVO_DOMAIN\"; exit 3"});
  EXPECT_EQ(program.wait(20s), 3);
  EXPECT_FALSE(program.running());
  EXPECT_EQ(program.output(), "out\nerr\n" + domain.path().string() + "\n");
  EXPECT_TRUE(program.says("err", 0s));
  EXPECT_FALSE(program.says("else", 20s)) << "it has ended, so this takes no time";
}

TEST(Program, GetsSignals) {
  Program program("/bin/sh",
                  {"-c", "trap 'echo bye; exit 5' TERM; echo ready; while :; do :; done"});
  ASSERT_TRUE(program.says("ready", 20s));
  EXPECT_EQ(program.wait(1ms), std::nullopt);
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(20s), 5);
  EXPECT_TRUE(program.says("bye", 0s));
}

TEST(Program, IsKilledWithItsObject) {
  pid_t pid = -1;
  {
    Program program("/bin/sleep", {"1000"});
    pid = program.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(Program, Dies) {
  Program program("/bin/sleep", {"1000"});
  program.die();
  EXPECT_EQ(program.wait(0s), -SIGKILL);
}

TEST(Program, WhichDoesNotExistIsRefused) {
  try {
    const Program program("/nowhere/module");
    FAIL() << "it cannot have started";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "evo::testing: cannot start /nowhere/module: No such file or directory");
  }
}

}  // namespace
