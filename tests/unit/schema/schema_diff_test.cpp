// SPDX-License-Identifier: Apache-2.0
/// One line for each difference; tests what each kind of line says.
#include <gtest/gtest.h>

#include "evo/schema_layout.hpp"

namespace evo::test {
namespace {

using Lines = std::vector<std::string>;

SchemaLayout sound() {
  return {
      .size = 32,
      .alignment = 8,
      .fields = {{.path = "cycle", .offset = 0, .size = 8, .type = "uint64", .unit = {}},
                 {.path = "speed", .offset = 8, .size = 4, .type = "float32", .unit = "mm/s"},
                 {.path = "mode", .offset = 12, .size = 1, .type = "enum Mode: uint8", .unit = {}},
                 {.path = "forces",
                  .offset = 16,
                  .size = 16,
                  .type = "float32",
                  .length = 4,
                  .unit = "N"}},
      .enum_values = {{"Mode.Idle", 0}, {"Mode.Running", 1}}};
}

/// The lines for a segment that differs from its reader by `change`.
template <class Change>
Lines lines_after(Change&& change) {
  SchemaLayout segment = sound();
  change(segment);
  return diff_schemas(sound(), segment);
}

TEST(DiffSchemas, OfTheSameIsEmpty) {
  EXPECT_EQ(diff_schemas(sound(), sound()), Lines{});
}

TEST(DiffSchemas, UnitChanged) {
  EXPECT_EQ(lines_after([](auto& s) { s.fields[1].unit = "m/s"; }),
            Lines{"unit changed: speed: \"m/s\" in the segment, \"mm/s\" in this reader"});
  EXPECT_EQ(lines_after([](auto& s) { s.fields[1].unit = ""; }),
            Lines{"unit changed: speed: none in the segment, \"mm/s\" in this reader"});
  EXPECT_EQ(lines_after([](auto& s) { s.fields[0].unit = "1"; }),
            Lines{"unit changed: cycle: \"1\" in the segment, none in this reader"});
}

TEST(DiffSchemas, Retyped) {
  EXPECT_EQ(lines_after([](auto& s) { s.fields[0].type = "int64"; }),
            Lines{"retyped: cycle: int64 in the segment, uint64 in this reader"});
}

TEST(DiffSchemas, Moved) {
  EXPECT_EQ(lines_after([](auto& s) { s.fields[1].offset = 20; }),
            Lines{"moved: speed: offset 20 in the segment, offset 8 in this reader"});
}

TEST(DiffSchemas, ArrayLength) {
  EXPECT_EQ(lines_after([](auto& s) { s.fields[3].length = 6; }),
            Lines{"array length: forces: 6 elements in the segment, 4 elements in this reader"});
  EXPECT_EQ(
      lines_after([](auto& s) { s.fields[3].length = 0; }),
      Lines{"array length: forces: a single value in the segment, 4 elements in this reader"});
}

TEST(DiffSchemas, Added) {
  EXPECT_EQ(
      lines_after([](auto& s) {
        s.fields.push_back({.path = "torque",
                            .offset = 32,
                            .size = 24,
                            .type = "float64",
                            .length = 3,
                            .unit = "Nm"});
      }),
      Lines{"added: torque (float64 at offset 32, 3 elements, unit \"Nm\" in the segment), this "
            "reader lacks it"});
}

TEST(DiffSchemas, Removed) {
  EXPECT_EQ(lines_after([](auto& s) { s.fields.erase(s.fields.begin()); }),
            Lines{"removed: cycle (uint64 at offset 0 in this reader), the segment lacks it"});
}

TEST(DiffSchemas, EnumValues) {
  EXPECT_EQ(lines_after([](auto& s) { s.enum_values[1].value = 5; }),
            Lines{"enum value: Mode.Running: 5 in the segment, 1 in this reader"});
  EXPECT_EQ(lines_after([](auto& s) {
              s.enum_values.push_back({"Mode.Fault", 2});
            }),
            Lines{"enum value added: Mode.Fault (2 in the segment), this reader lacks it"});
  EXPECT_EQ(lines_after([](auto& s) { s.enum_values.pop_back(); }),
            Lines{"enum value removed: Mode.Running (1 in this reader), the segment lacks it"});
}

TEST(DiffSchemas, SizeAndAlignment) {
  EXPECT_EQ(lines_after([](auto& s) { s.size = 40; }),
            Lines{"size: 40 bytes in the segment, 32 in this reader"});
  EXPECT_EQ(lines_after([](auto& s) { s.alignment = 16; }),
            Lines{"alignment: 16 in the segment, 8 in this reader"});
}

TEST(DiffSchemas, EverythingAboutOneFieldInLinesOfTheirOwn) {
  EXPECT_EQ(lines_after([](auto& s) {
              s.fields[3] = {
                  .path = "forces", .offset = 24, .size = 8, .type = "float64", .unit = {}};
            }),
            (Lines{"retyped: forces: float64 in the segment, float32 in this reader",
                   "array length: forces: a single value in the segment, 4 elements in this reader",
                   "unit changed: forces: none in the segment, \"N\" in this reader",
                   "moved: forces: offset 24 in the segment, offset 16 in this reader"}));
}

TEST(DiffSchemas, LinesComeInTheOrderOfTheFields) {
  const Lines lines = lines_after([](auto& s) {
    s.fields[0].type = "int64";
    s.fields[1].unit = "m/s";
    s.fields.erase(s.fields.begin() + 2);
    s.fields.push_back({.path = "late", .offset = 32, .size = 1, .type = "bool", .unit = {}});
    s.enum_values[0].value = 9;
    s.size = 40;
  });
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_TRUE(lines[0].starts_with("retyped: cycle"));
  EXPECT_TRUE(lines[1].starts_with("unit changed: speed"));
  EXPECT_TRUE(lines[2].starts_with("removed: mode"));
  EXPECT_TRUE(lines[3].starts_with("added: late"));
  EXPECT_TRUE(lines[4].starts_with("enum value: Mode.Idle"));
  EXPECT_TRUE(lines[5].starts_with("size"));
}

}  // namespace
}  // namespace evo::test
