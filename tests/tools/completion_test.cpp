/// evo-shm completion: what bash itself makes of the script.
#include <alarm.evo.hpp>
#include <gantry.evo.hpp>

#include "tool.hpp"

namespace evo::test {
namespace {

class CompletionTest : public ToolTest {
 protected:
  void SetUp() override {
    script_ = directory_.path() / "evo-shm.bash";
    std::ofstream(script_) << run({"completion", "bash"}).out;
  }

  /// What bash offers for a line, sorted. The cursor stands at its end; words are what bash makes
  /// of it, = a word of its own.
  [[nodiscard]] std::string offered(const std::string& line) const {
    const std::string program = "source '" + script_.string() +
                                "'\n"
                                "COMP_WORDS=(" +
                                std::string(EVO_SHM) + ' ' + line +
                                ")\n"
                                "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                                "_evo_shm\n"
                                "printf '%s\\n' \"${COMPREPLY[@]}\" | sort | paste -sd' '\n";
    const ToolAnswer answer = run_program("/bin/bash", {"--norc", "--noprofile", "-uc", program});
    EXPECT_EQ(answer.err, "");
    return answer.out.substr(0, answer.out.find('\n'));
  }

  /// In this test's domain.
  [[nodiscard]] std::string offered_here(const std::string& line) const {
    return offered("--domain " + directory_.path().string() + ' ' + line);
  }

  std::filesystem::path script_;
};

TEST_F(CompletionTest, CommandsAndTheirCommands) {
  EXPECT_EQ(offered("re"), "readers recover");
  EXPECT_NE((" " + offered("''") + " ").find(" validate "), std::string::npos);
  EXPECT_EQ(offered("deadlines ''"), "show start stop");
  EXPECT_EQ(offered("--format json deadlines sh"), "show");
  EXPECT_EQ(offered("completion-"), "") << "it is hidden";
}

TEST_F(CompletionTest, OptionsOfACommandAndOfAll) {
  EXPECT_EQ(offered("schema --f"), "--fbs --format");
  EXPECT_EQ(offered("schema gantry --fb"), "--fbs");
  EXPECT_EQ(offered("deadlines start --d"), "--deadline --domain");
  EXPECT_EQ(offered("graph --li"), "--lint --live");
}

TEST_F(CompletionTest, ValuesOfOptions) {
  EXPECT_EQ(offered("list --format ''"), "json table");
  EXPECT_EQ(offered("list --format = ''"), "json table");
  EXPECT_EQ(offered("list --format ="), "json table");
  EXPECT_EQ(offered("supervise --log-format j"), "json");
  EXPECT_EQ(offered("completion ''"), "bash zsh");
  EXPECT_EQ(offered("--domain us"), "user");
  EXPECT_EQ(offered("list --interval ''"), "") << "any time";
}

TEST_F(CompletionTest, FilesAndDirectories) {
  std::filesystem::create_directory(directory_.path() / "directory");
  std::ofstream(directory_.path() / "drawing.svg") << "";
  const std::string start = directory_.path().string() + "/d";
  EXPECT_EQ(offered("graph --svg " + start), start + "irectory " + start + "rawing.svg");
  EXPECT_EQ(offered("graph -I " + start), start + "irectory");
  EXPECT_EQ(offered("--domain " + start), start + "irectory");
  EXPECT_EQ(offered("graph --schemas a.fbs " + start), start + "irectory " + start + "rawing.svg");
  EXPECT_EQ(offered("diff gantry " + start), start + "irectory " + start + "rawing.svg");
}

TEST_F(CompletionTest, NamesOfSegmentsInTheDomain) {
  const auto gantry = gantry::GantryWriter::create({.domain = domain()}).value();
  const auto alarm = AlarmWriter::create({.domain = domain()}).value();
  EXPECT_EQ(offered_here("inspect ''"), "alarm gantry");
  EXPECT_EQ(offered_here("inspect ga"), "gantry");
  EXPECT_EQ(offered_here("deadlines show --format json a"), "alarm");
  EXPECT_EQ(offered_here("inspect gantry ''"), "") << "it takes one";
  EXPECT_EQ(offered("--domain = " + directory_.path().string() + " inspect ''"), "alarm gantry");
  ::setenv("EVO_DOMAIN", directory_.path().c_str(), 1);
  EXPECT_EQ(offered("readers ''"), "alarm gantry");
  ::unsetenv("EVO_DOMAIN");
}

TEST_F(CompletionTest, NamesOfFields) {
  const auto gantry = gantry::GantryWriter::create({.domain = domain()}).value();
  EXPECT_EQ(offered_here("watch gantry --field c"), "cycle");
  EXPECT_EQ(offered_here("watch gantry --field axes[2].p"), "axes[2].position");
  EXPECT_EQ(offered_here("watch gantry --field axe").substr(0, 21), "axes axes[0].homed ax");
  EXPECT_EQ(offered_here("watch gantry --field cycle of"), "offset") << "it takes many";
  EXPECT_EQ(offered_here("watch nothing --field ''"), "");
}

TEST_F(CompletionTest, AValueOfAFieldMayBeAnything) {
  const auto gantry = gantry::GantryWriter::create({.domain = domain()}).value();
  if (offered("set") != "set") GTEST_SKIP() << "there is no set yet";
  EXPECT_EQ(offered_here("set gantry cy"), "cycle=");
  EXPECT_EQ(offered_here("set gantry cycle = 1 of"), "offset=");
  EXPECT_EQ(offered_here("set gantry cycle = ''"), "");
}

TEST_F(CompletionTest, TheScriptForZshSaysTheSame) {
  const ToolAnswer answer = run({"completion", "zsh"});
  ASSERT_EQ(answer.code, 0) << answer.err;
  EXPECT_TRUE(answer.out.starts_with("#compdef evo-shm\n"));
  const auto common = [](const std::string& text) {
    const std::size_t start = text.find("__evo_shm_lookup() {");
    return text.substr(start, text.find("\n_evo", start) - start);
  };
  EXPECT_GT(common(answer.out).size(), 2000U);
  EXPECT_EQ(common(answer.out), common(run({"completion", "bash"}).out));
}

TEST_F(CompletionTest, ZshReadsItsScript) {
  if (!std::filesystem::exists("/usr/bin/zsh")) GTEST_SKIP() << "there is no zsh to read it";
  const auto file = directory_.path() / "_evo-shm";
  std::ofstream(file) << run({"completion", "zsh"}).out;
  const ToolAnswer answer = run_program("/usr/bin/zsh", {"-n", file.string()});
  EXPECT_EQ(answer.code, 0) << answer.err;
}

TEST_F(CompletionTest, OtherShellsAreRefused) {
  EXPECT_EQ(run({"completion", "fish"}).code, 2);
  EXPECT_EQ(run({"completion-words", "fields", "gantry"}).code, 3);
}

}  // namespace
}  // namespace evo::test
