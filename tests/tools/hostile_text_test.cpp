// SPDX-License-Identifier: Apache-2.0
/// Names that other processes chose, through every output of every command: nothing in them
/// controls a terminal, and each format stays valid.
#include <fcntl.h>

#include <filesystem>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>

#include "evo/format/control_file.hpp"
#include "file_bytes.hpp"
#include "graph/draw.hpp"
#include "plot/chart.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using gantry::GantryReader;
using gantry::GantryWriter;

/// Every byte except `/`, which no name contains; every C1 control and every character that changes
/// the direction of text, in UTF-8; and sequences that are not characters. In pieces short enough
/// for the name of a process.
std::vector<std::string> hostile_texts() {
  std::vector<std::string> texts;
  const auto add = [&](const std::string& character) {
    if (texts.empty() || texts.back().size() + character.size() > 15) texts.emplace_back();
    texts.back() += character;
  };
  for (int byte = 1; byte < 0x100; ++byte) {
    if (byte != '/') add(std::string(1, static_cast<char>(byte)));
  }
  for (int code = 0x80; code < 0xa0; ++code) add(std::string("\xc2") + static_cast<char>(code));
  for (const char* character :
       {"\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b", "\u202c", "\u202d",
        "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\xef\xbf\xbe", "\xef\xbf\xbf",
        "\xed\xa0\x80"}) {
    add(character);
  }
  for (const char* text : {"\x1b[2J", "\x1b]0;x\x07",
                           "\x9b"
                           "31m",
                           "<&>\"'", "\\\"{|}", "a\nb\r\nc"})
    add(text);
  return texts;
}

/// The first sequence that no output may contain, searched for by bytes and not with the function
/// under test.
std::string forbidden_in(const std::string& text) {
  std::vector<std::string> forbidden{"\x7f", "\xd8\x9c", "\xef\xbf\xbe", "\xef\xbf\xbf"};
  for (char byte = 1; byte < ' '; ++byte) {
    if (byte != '\n' && byte != '\t') forbidden.emplace_back(1, byte);
  }
  const auto add = [&](std::string before, int first, int last) {
    for (int byte = first; byte <= last; ++byte) {
      forbidden.push_back(before + static_cast<char>(byte));
    }
  };
  add("\xc2", 0x80, 0x9f);
  add("\xe2\x80", 0x8e, 0x8f);
  add("\xe2\x80", 0xa8, 0xae);
  add("\xe2\x81", 0xa6, 0xa9);
  for (const std::string& each : forbidden) {
    if (text.find(each) != std::string::npos) return each;
  }
  return text.find('\0') == std::string::npos ? "" : "a zero";
}

void expect_harmless(const ToolAnswer& answer, const std::string& command) {
  EXPECT_GE(answer.code, 0) << command;
  for (const std::string& text : {answer.out, answer.err}) {
    EXPECT_EQ(testing::PrintToString(forbidden_in(text)), "\"\"") << command << ": " << text;
    EXPECT_NO_THROW(static_cast<void>(nlohmann::json(text).dump())) << command << " is not UTF-8";
  }
}

class HostileText : public ToolTest {
 protected:
  void check(const std::vector<std::string>& arguments) const {
    std::string command;
    for (const std::string& argument : arguments) command += argument + ' ';
    expect_harmless(run(arguments), command);
    std::vector<std::string> as_json{"--format", "json"};
    as_json.insert(as_json.end(), arguments.begin(), arguments.end());
    const ToolAnswer answer = run(as_json);
    expect_harmless(answer, command + "--format json");
    if (!answer.out.empty() && answer.out.find("\n{") == std::string::npos) {
      EXPECT_TRUE(nlohmann::json::accept(answer.out)) << command << answer.out;
    }
  }

  void check_all_commands() const {
    for (const std::vector<std::string>& arguments :
         std::initializer_list<std::vector<std::string>>{{"list"},
                                                         {"list", "--wrong"},
                                                         {"validate"},
                                                         {"doctor"},
                                                         {"graph"},
                                                         {"graph", "--lint"},
                                                         {"cleanup", "--dry-run"},
                                                         {"top", "--once", "--interval", "1ms"},
                                                         {"deadlines", "gantry"},
                                                         {"inspect", "gantry"},
                                                         {"readers", "gantry"},
                                                         {"validate", "gantry"},
                                                         {"schema", "gantry"},
                                                         {"watch", "gantry", "--count", "1"},
                                                         {"profile", "gantry", "--for", "2ms"},
                                                         {"recover", "gantry"},
                                                         {"set", "gantry", "cycle=1"},
                                                         {"wait-for", "gantry", "--timeout", "1ms"},
                                                         {"snapshot", "save", "-"}}) {
      check(arguments);
    }
    for (const std::vector<std::string>& arguments :
         std::initializer_list<std::vector<std::string>>{
             {"completion-words", "--", "inspect", ""},
             {"schema", "gantry", "--fbs"},
             {"watch", "gantry", "--count", "1", "--csv"},
             {"plot", "gantry", "--field", "cycle", "--for", "1ms", "--svg", "-"},
             {"plot", "gantry", "--field", "cycle", "--for", "1ms", "--csv", "-"},
             {"plot", "gantry", "--field", "cycle", "--for", "1ms"}}) {
      expect_harmless(run(arguments), arguments[0]);
    }
  }

  [[nodiscard]] std::filesystem::path control() const {
    return directory_.path() / "evo_gantry.ctl";
  }
};

TEST_F(HostileText, NamesOfFiles) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({});
  for (const std::string& text : hostile_texts()) {
    std::ofstream(directory_.path() / ("evo_" + text + ".ctl")) << "x";
  }
  check_all_commands();
}

TEST_F(HostileText, NamesInAControlFile) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({});
  auto reader = GantryReader::attach({.domain = domain()}).value();
  for (const std::string& text : hostile_texts()) {
    const auto poke_text = [&](std::size_t offset, std::size_t size) {
      for (std::size_t i = 0; i < size; ++i) {
        poke(control(), offset + i, i < text.size() ? text[i] : '\0');
      }
    };
    poke_text(offsetof(ControlFile, writer_executable), 176);
    for (std::size_t file = 0; file < 2; ++file) {
      poke_text(offsetof(ControlFile, data_files) + file * sizeof(DataFileName) +
                    offsetof(DataFileName, module),
                32);
    }
    poke_text(sizeof(ControlFile) + offsetof(ReaderEntry, process_name), 16);
    for (const char* command : {"readers", "inspect", "recover"}) check({command, "gantry"});
    check({"list"});
    check({"graph"});
    check({"top", "--once", "--interval", "1ms"});
  }
  check_all_commands();
}

/// The sinks by themselves: the names that reach them today were filtered before.
TEST(HostileDrawing, NamesInSvgAndDot) {
  for (const std::string& text : hostile_texts()) {
    tools::Plot plot;
    plot.title = plot.caption = text;
    plot.to_s = 10;
    plot.series.emplace_back(text, text, 10.0).add(1, 1);
    tools::Graph graph;
    graph.modules = {{.name = text, .is_process = true}};
    graph.segments = {{.name = text, .kind = "stream"}, {.name = text, .kind = "state"}};
    graph.edges = {{.module = graph.modules[0], .segment = text}};
    for (const std::string& drawing : {tools::chart_svg(plot), tools::to_dot(graph)}) {
      EXPECT_EQ(testing::PrintToString(forbidden_in(drawing)), "\"\"") << drawing;
      EXPECT_NO_THROW(static_cast<void>(nlohmann::json(drawing).dump())) << "not UTF-8";
    }
  }
}

TEST_F(HostileText, WordsOnTheCommandLine) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({});
  for (const std::string& text : hostile_texts()) {
    check({"inspect", text});
    check({"watch", "gantry", "--field", text});
    check({"--" + text});
    check({text});
    check({"set", "gantry", text + "=1"});
    check({"graph", "--schemas", text});
    check({"snapshot", "load", text});
  }
}

}  // namespace
}  // namespace evo::test
