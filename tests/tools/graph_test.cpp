// SPDX-License-Identifier: Apache-2.0
/// evo-shm graph: which processes write and read which segments, from schema files and in a domain,
/// and what is wrong with it.
#include <sys/prctl.h>
#include <sys/stat.h>

#include <alarm.evo.hpp>
#include <counter.evo.hpp>
#include <gantry.evo.hpp>
#include <list>
#include <nlohmann/json.hpp>
#include <probe.evo.hpp>
#include <thread>

#include "evo/segment_info.hpp"
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using gantry::GantryChannel;
using gantry::GantryReader;
using gantry::GantryWriter;
using probe::ProbeReader;
using probe::ProbeWriter;

std::string schema(const std::string& name) {
  return std::string(EVO_SCHEMAS) + "/" + name;
}

/// Sets an environment variable for the programs that the test starts.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { ::setenv(name_, old_.c_str(), 1); }

 private:
  const char* name_;
  std::string old_;
};

class GraphTest : public ToolTest {
 protected:
  [[nodiscard]] ToolAnswer graph(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {"graph", "-I", std::string(EVO_SCHEMAS) + "/../../schemas"});
    return run(std::move(arguments));
  }

  /// Starts a process of that name that reads the segment until the end of the test.
  template <class Reader>
  void start_reader(const char* process, const std::string& segment) {
    const std::size_t before = inspect_segment(domain(), segment).value().readers.size();
    readers_.emplace_back([&]() -> std::string {
      ::prctl(PR_SET_NAME, process);
      const auto reader = Reader::attach({.domain = domain()}).value();
      std::this_thread::sleep_for(std::chrono::hours(1));
      return "";
    });
    while (inspect_segment(domain(), segment).value().readers.size() == before) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  /// A segment that its writer left behind when it died.
  template <class Writer>
  void leave_dead() {
    in_child([&]() -> std::string {
      auto writer = Writer::create({.domain = domain()}).value();
      writer.write({});
      die();
    });
  }

  /// A schema file with one segment, in the test's own directory.
  [[nodiscard]] std::string written_schema(const std::string& name, const std::string& attributes) {
    const auto file = directory_.path() / name;
    std::ofstream(file) << "include \"evo.fbs\";\nnamespace made;\n/// Made up.\nstruct Made (" +
                               attributes + ") {\n  /// A number.\n  number: ulong;\n}\n";
    return file.string();
  }

  std::list<Child> readers_;
};

TEST_F(GraphTest, OfSchemaFilesShowsWhatTheyDeclare) {
  const ToolAnswer dot = graph({"--schemas", schema("gantry.fbs"), schema("alarm.fbs")});
  EXPECT_EQ(dot.code, 0) << dot.err;
  expect_golden("graph_schemas.dot", dot.out);
  const ToolAnswer json =
      graph({"--schemas", schema("gantry.fbs"), schema("alarm.fbs"), "--format", "json"});
  EXPECT_EQ(json.code, 0) << json.err;
  expect_golden("graph_schemas.json", json.out);
}

TEST_F(GraphTest, OfADomainShowsWhoIsThere) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({});
  start_reader<GantryReader>("recipe_executor", "gantry");
  start_reader<GantryReader>("stranger \"x\"", "gantry");
  leave_dead<ProbeWriter>();
  auto untyped = RawStateWriter::create(raw_channel("raw", 8), {.domain = domain()}).value();
  untyped.write(bytes_of(std::uint64_t{1}));
  const ToolAnswer dot = graph({});
  EXPECT_EQ(dot.code, 0) << dot.err;
  expect_golden("graph_live.dot", dot.out);
  const ToolAnswer json = graph({"--format", "json"});
  EXPECT_EQ(json.code, 0) << json.err;
  expect_golden("graph_live.json", json.out);
}

TEST_F(GraphTest, BothTogetherShowWhatIsAbsent) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({});
  const ToolAnswer answer =
      graph({"--live", "--schemas", schema("gantry.fbs"), schema("counter.fbs")});
  EXPECT_EQ(answer.code, 0) << answer.err;
  expect_golden("graph_both.dot", answer.out);
}

TEST_F(GraphTest, AStaleSegmentIsOrange) {
  auto writer = ProbeWriter::create({.domain = domain()}).value();
  writer.write({});
  start_reader<ProbeReader>("late", "probe");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  const ToolAnswer dot = graph({});
  EXPECT_NE(dot.out.find("probe\\nstate, 1 ms, stale\", shape=ellipse, color=orange"),
            std::string::npos)
      << dot.out;
  const ToolAnswer lint = graph({"--lint"});
  EXPECT_EQ(lint.code, 1);
  EXPECT_NE(lint.out.find("(late), but its last value is "), std::string::npos) << lint.out;
  EXPECT_EQ(lint.out.find("stale old"), std::string::npos) << lint.out;
}

TEST_F(GraphTest, ALongNameOfAModuleIsKnownByItsFirstFifteenCharacters) {
  const std::string file = written_schema(
      "long.fbs", R"(segment: "gantry", owner: "gantry_control", readers: "recipe_executor_two")");
  const auto writer = GantryWriter::create({.domain = domain()}).value();
  start_reader<GantryReader>("recipe_executor", "gantry");
  const auto answer = graph({"--live", "--schemas", file, "--format", "json"});
  const auto edges = nlohmann::json::parse(answer.out)["edges"];
  ASSERT_EQ(edges.size(), 2U) << answer.out;
  EXPECT_EQ(edges[1]["to"], "module:recipe_executor_two");
  EXPECT_EQ(edges[1]["attached"], true);
}

TEST_F(GraphTest, LintFindsNothingWhereAllIsAsDeclared) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({});
  start_reader<GantryReader>("recipe_executor", "gantry");
  const ToolAnswer answer = graph({"--lint"});
  EXPECT_EQ(answer.code, 0) << answer.out;
  EXPECT_EQ(answer.out, "nothing found\n");
  EXPECT_EQ(graph({"--lint", "--format", "json"}).out, "[]\n");
}

TEST_F(GraphTest, LintFindsEverythingThatCanBeWrong) {
  leave_dead<ProbeWriter>();
  start_reader<ProbeReader>("probe_display", "probe");
  auto channel = describe<GantryChannel>();
  channel.owner = "impostor";
  const auto impostor = RawStateWriter::create(channel, {.domain = domain()}).value();
  start_reader<GantryReader>("stranger", "gantry");
  const auto counter = probe::CounterWriter::create({.domain = domain()}).value();
  const ToolAnswer table = graph({"--lint"});
  EXPECT_EQ(table.code, 1) << table.err;
  expect_golden("graph_lint.txt", steady(table.out));
  const ToolAnswer json = graph({"--lint", "--format", "json"});
  EXPECT_EQ(json.code, 1) << json.err;
  expect_golden("graph_lint.json", steady(json.out));
}

TEST_F(GraphTest, LintMissesWhatSchemasDeclareUntilItIsAlive) {
  const std::string attributes = R"(segment: "made", owner: "maker", readers: "taker")";
  const std::vector<std::string> lint{"--lint", "--live", "--schemas",
                                      written_schema("made.fbs", attributes)};
  const auto found = [&] { return steady(graph(lint).out); };
  EXPECT_EQ(graph(lint).code, 1);
  EXPECT_NE(found().find("made  absent  declared by DOMAIN/made.fbs, but not in the domain; start "
                         "'maker'\n"),
            std::string::npos)
      << found();
  auto channel = raw_channel("made", 8);
  channel.owner = "maker";
  {
    const auto writer = RawStateWriter::create(channel, {.domain = domain()});
    ASSERT_TRUE(writer);
    EXPECT_EQ(graph(lint).code, 0) << found();
  }
  leave_orphan(domain(), channel, 1);
  EXPECT_EQ(graph(lint).code, 1);
  EXPECT_NE(found().find("made  dead  its writer, "), std::string::npos) << found();
  EXPECT_EQ(graph({"--lint"}).code, 0) << "without a schema file it is not known to be needed";
}

TEST_F(GraphTest, LintFindsASegmentThatTwoFilesDeclare) {
  const std::string attributes = R"(segment: "made", owner: "maker", readers: "taker")";
  const std::string one = written_schema("one.fbs", attributes);
  const std::string two = written_schema("two.fbs", attributes);
  const ToolAnswer answer = graph({"--lint", "--schemas", one, two, one});
  EXPECT_EQ(answer.code, 1) << answer.err;
  EXPECT_EQ(steady(answer.out),
            "SEGMENT  CHECK  WHAT WAS FOUND\n"
            "made  twice  declared by DOMAIN/one.fbs and by DOMAIN/two.fbs; rename one of them, or "
            "include one schema from the other\n");
}

TEST_F(GraphTest, AnIncludedSchemaDeclaresNothingTwice) {
  const std::string included =
      written_schema("one.fbs", R"(segment: "made", owner: "maker", readers: "taker")");
  const auto file = directory_.path() / "outer.fbs";
  std::ofstream(file) << "include \"one.fbs\";\nnamespace outer;\n/// Around it.\nstruct Outer "
                         "(segment: \"outer\", owner: \"maker\", readers: \"taker\") {\n"
                         "  /// The other.\n  made: made.Made;\n}\n";
  const ToolAnswer answer = graph({"--lint", "--schemas", included, file.string()});
  EXPECT_EQ(answer.code, 0) << answer.out << answer.err;
}

TEST_F(GraphTest, SvgIsDrawnByGraphviz) {
  const auto drawing = directory_.path() / "graph.svg";
  const ToolAnswer answer = graph({"--schemas", schema("gantry.fbs"), "--svg", drawing.string()});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_EQ(answer.out, "");
  EXPECT_EQ(answer.err, "");
  std::ifstream file(drawing);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("<svg"), std::string::npos) << text;
  EXPECT_NE(text.find("<title>segment:gantry</title>"), std::string::npos) << text;
}

TEST_F(GraphTest, WithoutGraphvizSvgSaysWhatToInstall) {
  const Environment path("PATH", directory_.path().string());
  const ToolAnswer answer =
      graph({"--schemas", schema("gantry.fbs"), "--svg", (directory_.path() / "x.svg").string()});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.err.find("install Graphviz (Debian package graphviz)"), std::string::npos)
      << answer.err;
}

TEST_F(GraphTest, WrongFilesAndWrongUsage) {
  EXPECT_EQ(graph({"--schemas", "nowhere.fbs"}).code, 3);
  EXPECT_EQ(graph({"--live"}).code, 2);
  const auto file = directory_.path() / "wrong.fbs";
  std::ofstream(file) << "struct {";
  const ToolAnswer answer = graph({"--schemas", file.string()});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.err.find("wrong.fbs:1"), std::string::npos) << answer.err;
}

}  // namespace
}  // namespace evo::test
