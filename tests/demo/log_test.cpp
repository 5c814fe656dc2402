// SPDX-License-Identifier: Apache-2.0
#include "common/log.hpp"

#include <gtest/gtest.h>

namespace evo::machine {
namespace {

TEST(Log, ReadsBackWhatItWrites) {
  std::vector<std::string> lines;
  const Log log("module", lines);
  log.warning("event", {{"number", 7},
                        {"plain", "word"},
                        {"empty", ""},
                        {"text", "two words, a \"quote\", a \\ and\na line"}});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].find('\n'), std::string::npos);
  const auto fields = parse_log_line(lines[0]);
  EXPECT_EQ(fields.at("level"), "warning");
  EXPECT_EQ(fields.at("module"), "module");
  EXPECT_EQ(fields.at("event"), "event");
  EXPECT_EQ(fields.at("number"), "7");
  EXPECT_EQ(fields.at("plain"), "word");
  EXPECT_EQ(fields.at("empty"), "");
  EXPECT_EQ(fields.at("text"), "two words, a \"quote\", a \\ and\na line");
}

TEST(Log, TakesLinesOfOthers) {
  EXPECT_TRUE(parse_log_line("").empty());
  EXPECT_TRUE(parse_log_line("no pairs here").empty());
  EXPECT_EQ(parse_log_line("a=\"open").at("a"), "open");
  EXPECT_EQ(parse_log_line("x a=1").at("a"), "1");
}

}  // namespace
}  // namespace evo::machine
