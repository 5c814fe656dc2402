// SPDX-License-Identifier: Apache-2.0
/// evo-shm(1): everything that the help shows is also in the page.
#include "tool.hpp"

namespace evo::test {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// What the help of a command shows.
struct Help {
  std::vector<std::string> commands;
  std::vector<std::string> options;
};

Help help_of(std::vector<std::string> command) {
  command.emplace_back("--help");
  const ToolAnswer answer = run_program(EVO_SHM, command);
  EXPECT_EQ(answer.code, 0) << answer.err;
  Help help;
  bool among_commands = false;
  for (const std::string& line : lines_of(answer.out)) {
    if (!line.empty() && line.front() != ' ') among_commands = line == "Subcommands:";
    static const std::regex entry("  ([a-z][-a-z]*) .*");
    static const std::regex option("  .*(--[a-z][-a-z]*).*");
    std::smatch match;
    if (among_commands && std::regex_match(line, match, entry)) help.commands.push_back(match[1]);
    if (!among_commands && line.starts_with("  -") && std::regex_match(line, match, option)) {
      help.options.push_back(match[1]);
    }
  }
  return help;
}

class ManPageTest : public testing::Test {
 protected:
  /// The part of the page about a command; for no command, the part before all of them.
  [[nodiscard]] std::string part_about(const std::string& command) const {
    if (command.empty()) return page_.substr(0, page_.find(".Sh COMMANDS"));
    const std::size_t start = page_.find(".It Ic " + command + '\n');
    if (start == std::string::npos) return "";
    const std::size_t end = page_.find(".It Ic ", start + 1);
    return page_.substr(start, end - start);
  }

  /// Checks that the page describes all that the help of a command and of its subcommands shows.
  void expect_told(const std::vector<std::string>& command) const {
    std::string name;
    for (const std::string& word : command) name += name.empty() ? word : ' ' + word;
    const Help help = help_of(command);
    const std::string part = part_about(name);
    if (help.commands.empty() || command.empty()) {
      EXPECT_NE(part, "") << "tools/evo-shm.1 does not describe `" << name << "`";
      for (const std::string& option : help.options) {
        if (option == "--help") continue;  // described once, with the other global options
        // `.Fl -include`, or `.Fl I , -include`.
        const std::regex flag("(Fl|,) " + option.substr(1) + "(?![-a-z])");
        EXPECT_TRUE(std::regex_search(part, flag))
            << "tools/evo-shm.1 does not say what " << option << " of `" << name << "` does";
      }
    }
    for (const std::string& each : help.commands) {
      std::vector<std::string> below = command;
      below.push_back(each);
      expect_told(below);
    }
  }

  std::string page_ = text_of(EVO_MAN_PAGE);
};

TEST_F(ManPageTest, EveryCommandAndOptionIsThere) {
  ASSERT_GT(help_of({}).commands.size(), 8U) << "the help was not parsed";
  ASSERT_GT(help_of({"supervise"}).options.size(), 5U) << "the help was not parsed";
  expect_told({});
}

TEST_F(ManPageTest, EveryExitCodeIsThere) {
  const std::string codes = page_.substr(page_.find(".Sh EXIT STATUS"));
  for (const char code : {'0', '1', '2', '3', '4', '5', '6'}) {
    EXPECT_NE(codes.find(std::string(".It ") + code + '\n'), std::string::npos) << code;
  }
}

TEST_F(ManPageTest, NoOptionIsBrokenAtEightyColumns) {
  if (!std::filesystem::exists("/usr/bin/groff")) GTEST_SKIP() << "there is no groff";
  const ToolAnswer answer =
      run_program("/usr/bin/groff", {"-mdoc", "-Tutf8", "-P-c", "-rLL=78n", EVO_MAN_PAGE});
  ASSERT_EQ(answer.code, 0) << answer.err;
  std::size_t brackets = 0;
  for (const std::string& line : lines_of(answer.out)) {
    brackets += line.find('[') != std::string::npos ? 1U : 0U;
    EXPECT_EQ(std::count(line.begin(), line.end(), '['), std::count(line.begin(), line.end(), ']'))
        << "an option and its value are on two lines: " << line;
    for (const char* hyphen : {"-", "\u2010"}) {
      EXPECT_FALSE(line.ends_with(hyphen)) << "a word is broken: " << line;
    }
  }
  EXPECT_GT(brackets, 20U) << "the page was not parsed";
}

TEST_F(ManPageTest, ItIsSoundMdoc) {
  if (std::filesystem::exists("/usr/bin/groff")) {
    const ToolAnswer answer =
        run_program("/usr/bin/groff", {"-mdoc", "-Tascii", "-ww", "-rCHECKSTYLE=1", EVO_MAN_PAGE});
    EXPECT_EQ(answer.code, 0);
    EXPECT_EQ(answer.err, "");
  } else if (std::filesystem::exists("/usr/bin/mandoc")) {
    const ToolAnswer answer = run_program("/usr/bin/mandoc", {"-Tlint", EVO_MAN_PAGE});
    EXPECT_EQ(answer.out, "");
  } else {
    GTEST_SKIP() << "there is neither groff nor mandoc";
  }
}

}  // namespace
}  // namespace evo::test
