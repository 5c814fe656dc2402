// SPDX-License-Identifier: Apache-2.0
#include "common/arguments.hpp"

#include <gtest/gtest.h>

namespace evo::machine {
namespace {

struct Parsed {
  std::optional<int> exit_code;
  double number = 1;
  int whole = 2;
  std::string text = "default";
  bool flag = false;
  std::vector<std::string> words;
};

Parsed parse(std::vector<std::string> given) {
  Parsed parsed;
  Arguments arguments("program", "[options]", "Does nothing.");
  arguments.number("number", "a number", parsed.number, 0, 10);
  arguments.whole_number("whole", "a whole number", parsed.whole, 1, 99);
  arguments.text("text", "TEXT", "a text", parsed.text);
  arguments.flag("flag", "a flag", parsed.flag);
  given.insert(given.begin(), "program");
  std::vector<char*> pointers;
  for (std::string& argument : given) pointers.push_back(argument.data());
  parsed.exit_code = arguments.parse(static_cast<int>(pointers.size()), pointers.data());
  parsed.words = arguments.words();
  return parsed;
}

TEST(Arguments, LeaveTheDefaultsAlone) {
  const Parsed parsed = parse({});
  EXPECT_FALSE(parsed.exit_code);
  EXPECT_EQ(parsed.number, 1);
  EXPECT_EQ(parsed.text, "default");
  EXPECT_FALSE(parsed.flag);
}

TEST(Arguments, TakeBothSpellingsAndWords) {
  const Parsed parsed =
      parse({"one", "--number", "2.5", "--text=a=b", "--flag", "--whole=7", "two"});
  EXPECT_FALSE(parsed.exit_code);
  EXPECT_EQ(parsed.number, 2.5);
  EXPECT_EQ(parsed.whole, 7);
  EXPECT_EQ(parsed.text, "a=b");
  EXPECT_TRUE(parsed.flag);
  EXPECT_EQ(parsed.words, (std::vector<std::string>{"one", "two"}));
}

TEST(Arguments, RefuseWithExitCodeTwo) {
  for (const std::vector<std::string>& given :
       std::vector<std::vector<std::string>>{{"--wrong"},
                                             {"-n"},
                                             {"--number"},
                                             {"--number", "ten"},
                                             {"--number", "10.1"},
                                             {"--number", "nan"},
                                             {"--number", ""},
                                             {"--whole", "1.5"},
                                             {"--whole", "1e30"},
                                             {"--flag=yes"},
                                             {"--text="}}) {
    EXPECT_EQ(parse(given).exit_code, 2) << given.back();
  }
}

TEST(Arguments, HelpEndsWell) {
  EXPECT_EQ(parse({"--wrong-only-after", "--help"}).exit_code, 2);
  EXPECT_EQ(parse({"--flag", "--help"}).exit_code, 0);
}

}  // namespace
}  // namespace evo::machine
