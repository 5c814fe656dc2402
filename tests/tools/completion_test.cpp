// SPDX-License-Identifier: Apache-2.0
/// evo-shm completion: how bash, zsh and fish themselves run their scripts.
#include <alarm.evo.hpp>
#include <gantry.evo.hpp>

#include "completion/candidates.hpp"
#include "pseudo_terminal.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

class CompletionTest : public ToolTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    script_ = directory_.path() / "script";
    std::ofstream(script_) << run({"completion", GetParam()}).out;
  }

  [[nodiscard]] static bool in_bash() { return GetParam() == std::string("bash"); }
  [[nodiscard]] static bool in_fish() { return GetParam() == std::string("fish"); }
  [[nodiscard]] static bool in_zsh() { return GetParam() == std::string("zsh"); }

  /// What the shell offers for a line, sorted. The cursor is at the end of the line.
  [[nodiscard]] std::string offered(const std::string& line) const {
    const std::string source = "source '" + script_.string() + "'\n";
    const std::string words = '(' + std::string(EVO_SHM) + ' ' + line + ")\n";
    const ToolAnswer answer = in_bash()  ? in_bash(source, words)
                              : in_zsh() ? in_zsh(source, words)
                                         : in_fish(source, line);
    EXPECT_EQ(answer.err, "");
    return answer.out.substr(0, answer.out.find('\n'));
  }

  [[nodiscard]] static ToolAnswer in_bash(const std::string& source, const std::string& words) {
    return run_program("/bin/bash",
                       {"--norc", "--noprofile", "-uc",
                        source + "COMP_WORDS=" + words +
                            "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                            "_evo_shm\n"
                            "printf '%s\n' \"${COMPREPLY[@]}\" | sort | paste -sd' '\n"});
  }

  [[nodiscard]] static ToolAnswer in_zsh(const std::string& source, const std::string& words) {
    return run_program("/usr/bin/zsh", {"-fc", kZshWidget + source + "setopt noglob; words=" +
                                                   words + "setopt glob\n" +
                                                   "CURRENT=$#words\n"
                                                   "_evo-shm | sort | paste -sd' '\n"});
  }

  /// Fish prints the whole word and, after a tab, a description; directories end in a slash.
  [[nodiscard]] static ToolAnswer in_fish(const std::string& source, std::string line) {
    if (line.ends_with("''")) line.resize(line.size() - 2);
    return run_program("/usr/bin/fish",
                       {"--no-config", "-c",
                        source + "complete -C \"" + std::string(EVO_SHM) + ' ' + line +
                            "\" | string replace -r '/?\\t.*|/$' '' | string replace -r '^--.*=' "
                            "'' | string unescape | sort | paste -sd' '\n"});
  }

  /// Waits until a shell has created a file.
  [[nodiscard]] static bool appears(const std::filesystem::path& file) {
    for (int look = 0; look < 3000 && !std::filesystem::exists(file); ++look) ::usleep(20'000);
    return std::filesystem::exists(file);
  }

  /// In this test's domain.
  [[nodiscard]] std::string offered_here(const std::string& line) const {
    return offered("--domain " + directory_.path().string() + ' ' + line);
  }

  /// The line as a shell passes it on: bash makes = a separate word.
  [[nodiscard]] static std::string split(std::string line) {
    for (std::size_t at = 0; in_bash() && (at = line.find('=', at)) != line.npos; at += 3) {
      line.replace(at, 1, " = ");
    }
    while (line.ends_with(' ')) line.pop_back();
    return line;
  }

  /// Replaces what zsh provides only in a completion widget: prints what matches the current word.
  static constexpr const char* kZshWidget = R"sh(
compdef() { :; }
compset() { words[CURRENT]=${words[CURRENT]#*=}; }
compadd() {
  local candidate
  while [[ $1 == -S ]]; do shift 2; done
  shift
  for candidate; do
    if [[ $candidate == ${(Q)words[CURRENT]}* ]]; then print -r -- $candidate; fi
  done
}
_files() {
  local -a found=(${words[CURRENT]}*(N))
  if [[ ${1-} == -/ ]]; then found=(${words[CURRENT]}*(N/)); fi
  if (( $#found )); then print -rl -- $found; fi
}
)sh";

  std::filesystem::path script_;
};

TEST_P(CompletionTest, CommandsAndTheirCommands) {
  EXPECT_EQ(offered("re"), "readers recover");
  EXPECT_NE((" " + offered("''") + " ").find(" validate "), std::string::npos);
  EXPECT_EQ(offered("deadlines ''"), "show start stop");
  EXPECT_EQ(offered("--format json deadlines sh"), "show");
  EXPECT_EQ(offered("completion-"), "") << "it is hidden";
}

TEST_P(CompletionTest, OptionsOfACommandAndOfAll) {
  EXPECT_EQ(offered("schema --f"), "--fbs --format");
  EXPECT_EQ(offered("schema gantry --fb"), "--fbs");
  EXPECT_EQ(offered("deadlines start --d"), "--deadline --domain");
  EXPECT_EQ(offered("graph --li"), "--lint --live");
}

TEST_P(CompletionTest, ValuesOfOptions) {
  EXPECT_EQ(offered("list --format ''"), "json table");
  EXPECT_EQ(offered(split("list --format=")), "json table");
  EXPECT_EQ(offered(split("list --format=j")), "json");
  EXPECT_EQ(offered("supervise --log-format j"), "json");
  EXPECT_EQ(offered("completion ''"), "bash fish zsh");
  EXPECT_EQ(offered("--domain us"), "user");
  EXPECT_EQ(offered("list --interval ''"), "") << "any time";
}

TEST_P(CompletionTest, FilesAndDirectories) {
  std::filesystem::create_directory(directory_.path() / "directory");
  std::ofstream(directory_.path() / "drawing.svg") << "";
  const std::string start = directory_.path().string() + "/d";
  EXPECT_EQ(offered("graph --svg " + start), start + "irectory " + start + "rawing.svg");
  EXPECT_EQ(offered("graph -I " + start), start + "irectory");
  EXPECT_EQ(offered("--domain " + start), start + "irectory");
  EXPECT_EQ(offered("graph --schemas a.fbs " + start), start + "irectory " + start + "rawing.svg");
  EXPECT_EQ(offered("diff gantry " + start), start + "irectory " + start + "rawing.svg");
  EXPECT_EQ(offered("pub " + start), start + "irectory " + start + "rawing.svg");
  EXPECT_EQ(offered("pub a.fbs lamp --csv " + start), start + "irectory " + start + "rawing.svg");
}

TEST_P(CompletionTest, NamesOfSegmentsInTheDomain) {
  const auto gantry = gantry::GantryWriter::create({.domain = domain()}).value();
  const auto alarm = AlarmWriter::create({.domain = domain()}).value();
  EXPECT_EQ(offered_here("inspect ''"), "alarm gantry");
  EXPECT_EQ(offered_here("inspect ga"), "gantry");
  EXPECT_EQ(offered_here("deadlines show --format json a"), "alarm");
  EXPECT_EQ(offered_here("inspect gantry ''"), "") << "it takes one";
  EXPECT_EQ(offered_here("pub a.fbs ''"), "") << "only segments that the schema declares";
  EXPECT_EQ(offered(split("--domain=" + directory_.path().string() + " inspect ''")),
            "alarm gantry");
  ::setenv("EVO_DOMAIN", directory_.path().c_str(), 1);
  EXPECT_EQ(offered("readers ''"), "alarm gantry");
  ::unsetenv("EVO_DOMAIN");
}

TEST_P(CompletionTest, NamesOfFields) {
  const auto gantry = gantry::GantryWriter::create({.domain = domain()}).value();
  EXPECT_EQ(offered_here("watch gantry --field c"), "cycle");
  EXPECT_EQ(offered_here("watch gantry --field axes[2].p"), "axes[2].position");
  EXPECT_EQ(offered_here("watch gantry --field axe").substr(0, 21), "axes axes[0].homed ax");
  EXPECT_EQ(offered_here("watch gantry --field cycle of"), "offset") << "it accepts several";
  EXPECT_EQ(offered_here("watch nothing --field ''"), "");
  EXPECT_EQ(offered_here("echo gantry --field c"), "cycle") << "an alias of watch";
  EXPECT_EQ(offered_here("wait-for gantry --field c"), "cycle");
}

TEST_P(CompletionTest, AValueOfAFieldMayBeAnything) {
  const auto gantry = gantry::GantryWriter::create({.domain = domain()}).value();
  EXPECT_EQ(offered_here("set gantry cy"), "cycle=");
  EXPECT_EQ(offered_here(split("set gantry cycle=1 of")), "offset=");
  EXPECT_EQ(offered_here(split("set gantry cycle=")), "");
}

/// In a terminal, with the shell's own quoting and evaluation when Tab is pressed.
TEST_P(CompletionTest, NoNameIsEverEvaluated) {
  const auto here = directory_.path() / "here";
  std::filesystem::create_directories(here / "$(touch EVALUATED)");
  const auto segments = directory_.path() / "segments";
  std::filesystem::create_directories(segments);
  for (const char* name :
       {"evo_$(touch EVALUATED).ctl", "evo_`touch EVALUATED`.ctl", "evo_;touch EVALUATED;.ctl"}) {
    std::ofstream(segments / name) << "";
  }
  std::vector<std::string> plain{"--norc", "--noprofile", "-i"};
  if (in_zsh()) plain = {"-f", "-i"};
  if (in_fish()) plain = {"--no-config", "-i"};
  const std::string shell = in_bash() ? "/bin/bash" : in_zsh() ? "/usr/bin/zsh" : "/usr/bin/fish";
  PseudoTerminal terminal(shell, plain);
  if (in_zsh()) terminal.type("autoload -U compinit; compinit -D -u\n");
  terminal.type("cd " + here.string() + "; source " + script_.string() + "; mkdir rea''dy\n");
  ASSERT_TRUE(appears(here / "ready"));
  std::filesystem::remove(here / "ready");

  const std::string program = std::string(EVO_SHM) + " --domain " + segments.string() + ' ';
  terminal.type(program + "snapshot load \t");
  EXPECT_TRUE(terminal.says("EVALUATED")) << "not completed: " << terminal.output();
  terminal.type("\n");
  // Names of segments come from the domain; a name that a shell would evaluate is not offered.
  terminal.type(program + "inspect \t\n");
  terminal.type("mkdir do''ne\n");
  ASSERT_TRUE(appears(here / "done")) << terminal.output();
  EXPECT_FALSE(std::filesystem::exists(here / "EVALUATED"));
  terminal.type("exit\n");
  terminal.join();
}

INSTANTIATE_TEST_SUITE_P(Shells, CompletionTest, testing::Values("bash", "zsh", "fish"),
                         [](const auto& each) { return std::string(each.param); });

using CompletionUsage = ToolTest;

TEST_F(CompletionUsage, OtherShellsAreRefused) {
  EXPECT_EQ(run({"completion", "tcsh"}).code, 2);
}

/// The names come from a schema, which any writer may have invented.
TEST(CompletionCandidates, NothingIsOfferedThatAShellWouldEvaluate) {
  CLI::App app("", "evo-shm");
  std::vector<std::string> fields;
  app.add_subcommand("watch")->add_option("--field", fields);
  const tools::NamesInDomain names{
      .segments = [](const std::string&) { return std::vector<std::string>(); },
      .fields =
          [](const std::string&, const std::string&) {
            return std::vector<std::string>{"$(touch${IFS}x)", "`x`", "a;b", "a b", "a\nb", "~",
                                            "axes[0].position"};
          }};
  const std::vector<std::string> words{"watch", "gantry", "--field", ""};
  EXPECT_EQ(tools::candidates_for(app, words, names).words,
            std::vector<std::string>{"axes[0].position"});
}

}  // namespace
}  // namespace evo::test
