// SPDX-License-Identifier: Apache-2.0
/// Schema files that evo-shm compiles itself, and the evo.fbs that they include.
#include <gantry.evo.hpp>

#include "tool.hpp"

namespace evo::test {
namespace {

class SchemaFile : public ToolTest {
 protected:
  /// Files away from every evo.fbs.
  std::string written(const std::string& name, const std::string& text) const {
    const auto path = directory_.path() / name;
    std::ofstream(path) << text;
    return path.string();
  }

  static constexpr const char* kColoured =
      "include \"evo.fbs\";\n"
      "/// A lamp.\n"
      "struct Lamp (segment: \"lamp\", owner: \"tester\", colour: \"red\") {\n"
      "  /// Whether it shines.\n"
      "  lit:bool;\n"
      "}\n";
};

TEST_F(SchemaFile, NeedsNoEvoFbsNextToIt) {
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  const std::string file = std::string(EVO_SCHEMAS) + "/gantry.fbs";
  const ToolAnswer same = run({"diff", "gantry", file});
  EXPECT_EQ(same.code, 0) << same.err;
  const ToolAnswer graph = run({"graph", "--schemas", file});
  EXPECT_EQ(graph.code, 0) << graph.err;
  EXPECT_NE(graph.out.find("gantry_control"), std::string::npos) << graph.out;
}

TEST_F(SchemaFile, MayBringAnEvoFbsThatDeclaresMore) {
  std::ifstream own(std::string(EVO_SCHEMAS) + "/../../schemas/evo.fbs");
  written("evo.fbs",
          std::string(std::istreambuf_iterator<char>(own), {}) + "attribute \"colour\";");
  const ToolAnswer answer = run({"graph", "--schemas", written("lamp.fbs", kColoured)});
  EXPECT_EQ(answer.code, 0) << answer.err;
}

TEST_F(SchemaFile, IsToldWhichEvoFbsLacksAnAttribute) {
  const std::string other = written("evo.fbs", "attribute \"segment\"; attribute \"colour\";\n");
  const std::string file = written("lamp.fbs", kColoured);
  const ToolAnswer answer = run({"graph", "--schemas", file});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.err.find("owner"), std::string::npos) << answer.err;
  EXPECT_NE(answer.err.find("'" + other + "' is not the evo.fbs of this evo-shm; remove it"),
            std::string::npos)
      << answer.err;
  std::filesystem::remove(other);
  const ToolAnswer own = run({"graph", "--schemas", file});
  EXPECT_EQ(own.code, 1) << "no attribute 'colour'";
  EXPECT_EQ(own.err.find("remove it"), std::string::npos) << own.err;
}

TEST_F(SchemaFile, OtherIncludesHaveToBeThere) {
  const ToolAnswer answer =
      run({"graph", "--schemas", written("lamp.fbs", "include \"lamps.fbs\";")});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.err.find("unable to load include file: lamps.fbs"), std::string::npos)
      << answer.err;
}

}  // namespace
}  // namespace evo::test
