// SPDX-License-Identifier: Apache-2.0
/// Golden output, as a table and as JSON, of the commands whose own tests check only parts of it.
#include <gantry.evo.hpp>

#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using gantry::Gantry;
using gantry::GantryWriter;

class Golden : public ToolTest {
 protected:
  Golden() { writer_.write({.cycle = 7, .offset = -3}); }

  /// Checks both forms of a command's answer.
  void expect_both(const std::string& name, std::vector<std::string> arguments,
                   int code = 0) const {
    const ToolAnswer table = run(arguments);
    EXPECT_EQ(table.code, code) << name << "\n" << table.err;
    expect_golden(name + ".txt", without_own(table.out));
    arguments.insert(arguments.end(), {"--format", "json"});
    const ToolAnswer json = run(arguments);
    EXPECT_EQ(json.code, code) << name << "\n" << json.err;
    expect_golden(name + ".json", without_own(json.out));
  }

  /// Some tables contain bare pids, and some lines contain stamps in seconds.
  [[nodiscard]] std::string without_own(const std::string& text) const {
    const std::string own = "\\b" + std::to_string(::getpid()) + "\\b";
    std::string out = std::regex_replace(steady(text), std::regex(own), "PID");
    out = std::regex_replace(out, std::regex("\"stamp_ns\":[0-9]+"), "\"stamp_ns\":TIME");
    return std::regex_replace(out, std::regex(R"(^(\d+) \d+\.\d{6} )"), "$1 STAMP ");
  }

  GantryWriter writer_ = GantryWriter::create({.domain = domain()}).value();
};

TEST_F(Golden, Watch) {
  expect_both("watch",
              {"watch", "gantry", "--field", "cycle", "--field", "axes[1]", "--count", "1"});
}

TEST_F(Golden, Readers) {
  const auto reader = gantry::GantryReader::attach({.domain = domain()}).value();
  expect_both("readers", {"readers", "gantry"});
}

TEST_F(Golden, Diff) {
  const ToolAnswer idl = run({"schema", "gantry", "--fbs"});
  const auto file = directory_.path() / "changed.fbs";
  std::string changed = std::regex_replace(idl.out, std::regex("mm/s"), "m/s");
  changed = std::regex_replace(changed, std::regex("homed:bool"), "homed:ubyte");
  changed = std::regex_replace(changed, std::regex("  offset:int;"), "  shift:int;");
  std::ofstream(file) << std::regex_replace(changed, std::regex("checksum: \"crc32c\", "), "");
  expect_both("diff", {"diff", "gantry", file.string()}, 4);
}

TEST_F(Golden, Validate) {
  writer_.write({.axes = {{{.position = 501}}}, .temperatures = {{91}}});
  expect_both("validate", {"validate", "gantry"}, 1);
}

TEST_F(Golden, Deadlines) {
  ASSERT_EQ(run({"deadlines", "start", "gantry", "--deadline", "3600s"}).code, 0);
  expect_both("deadlines", {"deadlines", "show", "gantry"});
}

TEST_F(Golden, SnapshotSave) {
  expect_both("snapshot_save", {"snapshot", "save", (directory_.path() / "saved").string()});
}

}  // namespace
}  // namespace evo::test
