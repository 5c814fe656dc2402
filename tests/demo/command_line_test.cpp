// SPDX-License-Identifier: Apache-2.0
#include "api_liaison/command_line.hpp"

#include <gtest/gtest.h>

namespace evo::machine {
namespace {

TEST(CommandLine, KnowsTheThreeCommands) {
  cell::api::CommandsConfig config{.recipe_speed = 3};
  ASSERT_TRUE(parse_command(split_words("start"), config));
  EXPECT_EQ(config.command, cell::api::Command::Start);
  ASSERT_TRUE(parse_command(split_words(" stop\t"), config));
  EXPECT_EQ(config.command, cell::api::Command::Stop);
  ASSERT_TRUE(parse_command(split_words("setpoint  12.5"), config));
  EXPECT_EQ(config.command, cell::api::Command::SetSetpoint);
  EXPECT_EQ(config.setpoint, 12.5F);
  EXPECT_EQ(config.recipe_speed, 3);
}

TEST(CommandLine, SaysWhatToWriteInstead) {
  cell::api::CommandsConfig config;
  for (const char* line : {"jump", "start now", "setpoint", "setpoint x", "setpoint -1",
                           "setpoint 100.5", "setpoint nan", "setpoint 1 2"}) {
    const auto parsed = parse_command(split_words(line), config);
    ASSERT_FALSE(parsed) << line;
    EXPECT_NE(parsed.error().find("setpoint"), std::string::npos) << parsed.error();
    EXPECT_EQ(config, cell::api::CommandsConfig{}) << line;
  }
}

}  // namespace
}  // namespace evo::machine
