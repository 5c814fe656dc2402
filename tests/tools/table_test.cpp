// SPDX-License-Identifier: Apache-2.0
/// Tables that fit a terminal: which columns are dropped, cut or wrapped, and that this is visible.
#include "text/table.hpp"

#include <fmt/format.h>

#include <alarm.evo.hpp>
#include <gantry.evo.hpp>

#include "pseudo_terminal.hpp"
#include "segments.hpp"
#include "text/truncate.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using namespace tools;

Table three_columns() {
  Table table({{"NAME", Align::Left, 0, Narrowing::Cut},
               {"PID", Align::Right, 2},
               {"MODULE", Align::Left, 1}});
  table.add({"pump", "17", "hydraulics"});
  table.add({"a_long_name", "4711", "x"});
  return table;
}

TEST(TableWidth, IsWhatTheCellsNeed) {
  const std::string full =
      "NAME          PID  MODULE\n"
      "pump           17  hydraulics\n"
      "a_long_name  4711  x\n";
  EXPECT_EQ(three_columns().text(), full);
  EXPECT_EQ(three_columns().text(29), full) << "and not wider";
}

TEST(TableWidth, ColumnsLeaveInTheirOrderAndASignSaysSo) {
  const FittedTable table = three_columns().fitted(28);
  EXPECT_EQ(table.text,
            "NAME          PID …\n"
            "pump           17\n"
            "a_long_name  4711\n");
  EXPECT_EQ(table.left_out, std::vector<std::string>{"MODULE"});
  EXPECT_EQ(three_columns().fitted(16).left_out, (std::vector<std::string>{"PID", "MODULE"}));
  EXPECT_TRUE(three_columns().text(80).ends_with("x\n")) << "nothing is left out";
  EXPECT_TRUE(
      three_columns().text(28).ends_with("4711\n"
                                         "columns left out: MODULE;\n"
                                         "widen the terminal or use\n"
                                         "--format json\n"))
      << three_columns().text(28);
}

TEST(TableWidth, ANarrowColumnComesBackWhereAWideOneWent) {
  Table table({{"NAME"}, {"ID", Align::Right, 1}, {"WRITER", Align::Left, 2}});
  table.add({"pump", "17", "pid 4711 (hydraulics)"});
  EXPECT_EQ(table.fitted(16).text, "NAME  ID …\npump  17\n");
}

TEST(TableWidth, NamesAreCutOnlyWhereNothingElseHelps) {
  EXPECT_EQ(three_columns().fitted(12).text, "NAME …\npump\na_long_na…\n");
}

TEST(TableWidth, SentencesAreWrappedBeforeAnyColumnLeaves) {
  Table table({{"CHECK"}, {"NOTE", Align::Left, 1}, {"FOUND", Align::Left, 0, Narrowing::Wrap}});
  table.add({"locks", "x", "the writer is \x1b[31mno longer alive at\x1b[0m all"});
  EXPECT_EQ(table.text(38),
            "CHECK  NOTE  FOUND\n"
            "locks  x     the writer is \x1b[31mno longer\x1b[0m\n"
            "             \x1b[31malive at\x1b[0m all\n");
  EXPECT_TRUE(table.fitted(30).text.starts_with("CHECK  FOUND")) << table.fitted(30).text;
}

TEST(WrappedText, BreaksWordsOnlyWhereTheyAreTooLong) {
  EXPECT_EQ(wrapped_text("one two three", 7), "one two\nthree\n");
  EXPECT_EQ(wrapped_text("one  two", 5, 2), "one\n  two\n");
  EXPECT_EQ(wrapped_text("12345678 9", 4), "1234\n5678\n9\n");
  EXPECT_EQ(wrapped_text("äöü äöü", 3), "äöü\näöü\n") << "columns, not bytes";
  EXPECT_EQ(wrapped_text("  1. step and more", 9, 5), "  1. step\n     and\n     more\n");
  EXPECT_EQ(wrapped_text("as it is\n", kUnlimitedWidth), "as it is\n");
}

class Width : public ToolTest {
 protected:
  Width() {
    gantry_.write({.cycle = 7, .axes = {{{.position = 501}}}, .offset = -3});
    leave_orphan(domain(), raw_channel("orphan_of_a_module_that_was_killed", 8), 1);
  }

  /// All lines that a command prints in a terminal.
  [[nodiscard]] std::vector<std::string> in_terminal(std::vector<std::string> arguments,
                                                     unsigned short columns) const {
    arguments.insert(arguments.begin(), {"--domain", directory_.path().string()});
    PseudoTerminal terminal(EVO_SHM, std::move(arguments), {24, columns, 0, 0});
    terminal.join();
    return lines_of(std::regex_replace(terminal.output(), std::regex("\r"), ""));
  }

  [[nodiscard]] static std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return text;
  }

  gantry::GantryWriter gantry_ = gantry::GantryWriter::create({.domain = domain()}).value();
};

TEST_F(Width, NothingIsWiderThanTheTerminal) {
  const auto reader = gantry::GantryReader::attach({.domain = domain()}).value();
  ASSERT_EQ(run({"deadlines", "start", "gantry"}).code, 0);
  for (const unsigned short columns : {std::uint16_t{60}, std::uint16_t{80}}) {
    for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
             {"list"},
             {"inspect", "gantry"},
             {"inspect", "orphan_of_a_module_that_was_killed"},
             {"readers", "gantry"},
             {"schema", "gantry"},
             {"validate"},
             {"doctor"},
             {"cleanup", "--dry-run"},
             {"graph", "--lint"},
             {"recover", "--dry-run", "gantry"},
             {"recover", "--dry-run", "orphan_of_a_module_that_was_killed"},
             {"deadlines", "show", "gantry"},
             {"top", "--once", "--interval", "1ms"}}) {
      const auto lines = in_terminal(command, columns);
      EXPECT_FALSE(lines.empty()) << command.front();
      for (const std::string& line : lines) {
        if (line.starts_with("evo-shm: ")) continue;  // on stderr, a line for logs
        EXPECT_LE(width_of(line), columns) << command.front() << ":\n" << joined(lines);
      }
    }
  }
}

TEST_F(Width, AListKeepsWhatMattersMost) {
  const auto lines = in_terminal({"list"}, 80);
  for (const char* head : {"NAME", "STATE", "READERS", "AGE", " …"}) {
    EXPECT_NE(lines.at(0).find(head), std::string::npos) << head << ":\n" << joined(lines);
  }
  EXPECT_NE(joined(lines).find("columns left out: "), std::string::npos) << joined(lines);
}

TEST_F(Width, TopAtEightyColumnsSaysWhatIsMissing) {
  PseudoTerminal terminal(EVO_SHM, {"--domain", directory_.path().string(), "top"}, {24, 80, 0, 0});
  ASSERT_TRUE(terminal.shows("gantry")) << terminal.output();
  const std::string screen = terminal.screen();
  for (const char* shown : {"AGE / LIMIT", "READERS", "LAG", " …", "columns left out"}) {
    EXPECT_NE(screen.find(shown), std::string::npos) << shown << ":\n" << screen;
  }
  terminal.type("\x1b[H\r");
  ASSERT_TRUE(terminal.shows("axes[0].position")) << terminal.screen();
  EXPECT_NE(terminal.screen().find("UNIT"), std::string::npos) << terminal.screen();
  EXPECT_NE(terminal.screen().find("RANGE"), std::string::npos) << terminal.screen();
  terminal.type("qq");
  EXPECT_EQ(terminal.join(), 0);
}

TEST_F(Width, APipeGetsTheWholeTableUnlessColumnsAsksForLess) {
  EXPECT_NE(run({"list"}).out.find("SEQUENCE"), std::string::npos);
  const auto with_columns = [&](const std::string& columns) {
    return run_program("/bin/sh", {"-c", fmt::format("COLUMNS={} exec '{}' --domain '{}' list",
                                                     columns, EVO_SHM, directory_.path().string())})
        .out;
  };
  EXPECT_NE(with_columns("40").find("columns left out: "), std::string::npos);
  for (const char* none : {"''", "0", "x", "-3", "40x"}) {
    EXPECT_EQ(with_columns(none).find("columns left out: "), std::string::npos) << none;
  }
}

}  // namespace
}  // namespace evo::test
