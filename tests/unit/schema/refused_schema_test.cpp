// SPDX-License-Identifier: Apache-2.0
/// Binary schemas that are well formed but declare no usable segment.
#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "evo/format.hpp"
#include "evo/schema_layout.hpp"
#include "outcome.hpp"
#include "schema_builder.hpp"

namespace evo::test {
namespace {

struct BadSchema {
  const char* what;
  std::vector<StructSpec> structs;
  const char* message;
};

void PrintTo(const BadSchema& schema, std::ostream* out) {
  *out << schema.what;
}

class RefusedSchema : public testing::TestWithParam<BadSchema> {};

TEST_P(RefusedSchema, SaysWhatIsWrong) {
  const auto layout = read_schema(build_schema(GetParam().structs), "s");
  EXPECT_EQ(outcome(layout), "InvalidSchema");
  EXPECT_TRUE(contains(message_of(layout), GetParam().message)) << message_of(layout);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, RefusedSchema,
    testing::Values(
        BadSchema{"NoStructs", {}, "declares no segment"},
        BadSchema{"Table", {{.name = "S", .size = 8, .segment = "s", .is_struct = false}}, "table"},
        BadSchema{"NoSize", {{.name = "S", .size = 0, .segment = "s"}}, "has no size"},
        BadSchema{"NegativeSize", {{.name = "S", .size = -8, .segment = "s"}}, "has no size"},
        BadSchema{"NoAlignment",
                  {{.name = "S", .size = 8, .alignment = 0, .segment = "s"}},
                  "struct 'S' has an impossible alignment"},
        BadSchema{
            "FieldBeyondItsStruct",
            {{.name = "S", .size = 8, .fields = {{.name = "x", .offset = 1}}, .segment = "s"}},
            "'S.x' does not lie where"},
        BadSchema{"ArrayBeyondItsStruct",
                  {{.name = "S",
                    .size = 64,
                    .fields = {{.name = "x", .offset = 0, .length = 9}},
                    .segment = "s"}},
                  "'S.x' does not lie where"},
        BadSchema{"UnknownStruct",
                  {{.name = "S",
                    .size = 8,
                    .fields = {{.name = "x", .type = reflection::Obj, .index = 7}},
                    .segment = "s"}},
                  "unknown struct"},
        BadSchema{"NegativeStruct",
                  {{.name = "S",
                    .size = 8,
                    .fields = {{.name = "x", .type = reflection::Obj, .index = -1}},
                    .segment = "s"}},
                  "unknown struct"},
        BadSchema{"UnknownEnum",
                  {{.name = "S",
                    .size = 8,
                    .fields = {{.name = "x", .type = reflection::UByte, .index = 3}},
                    .segment = "s"}},
                  "unknown enum"},
        BadSchema{"String",
                  {{.name = "S",
                    .size = 8,
                    .fields = {{.name = "x", .type = reflection::String}},
                    .segment = "s"}},
                  "'S.x' is neither a number, a bool, an enum nor a struct"},
        BadSchema{"ArrayOfArrays",
                  {{.name = "S",
                    .size = 8,
                    .fields = {{.name = "x", .type = reflection::Array, .length = 2}},
                    .segment = "s"}},
                  "neither a number"},
        BadSchema{"TypeThatDoesNotExist",
                  {{.name = "S",
                    .size = 8,
                    .fields = {{.name = "x", .type = static_cast<reflection::BaseType>(31)}},
                    .segment = "s"}},
                  "neither a number"},
        BadSchema{"NestedTable",
                  {{.name = "T", .size = 8, .is_struct = false},
                   {.name = "S",
                    .size = 8,
                    .fields = {{.name = "x", .type = reflection::Obj, .index = 0}},
                    .segment = "s"}},
                  "table"},
        BadSchema{"ContainsItself",
                  {{.name = "S",
                    .size = 8,
                    .fields = {{.name = "x", .type = reflection::Obj, .index = 0}},
                    .segment = "s"}},
                  "nested too deeply"},
        BadSchema{"LargeInSmall",
                  {{.name = "T", .size = 16, .fields = {{.name = "w", .length = 2}}},
                   {.name = "S",
                    .size = 8,
                    .fields = {{.name = "x", .type = reflection::Obj, .index = 0}},
                    .segment = "s"}},
                  "does not lie where"},
        BadSchema{"LongName",
                  {{.name = "S",
                    .size = 8,
                    .fields = {{.name = std::string(100'000, 'x')}},
                    .segment = "s"}},
                  "too long"},
        BadSchema{"LongUnit",
                  {{.name = "S",
                    .size = 8,
                    .fields = {{.name = "x", .unit = std::string(100'000, 'x')}},
                    .segment = "s"}},
                  "too long"},
        BadSchema{"LongTypeName",
                  {{.name = std::string(100'000, 'x'), .size = 8},
                   {.name = "S",
                    .size = 8,
                    .fields = {{.name = "x", .type = reflection::Obj, .index = 0}},
                    .segment = "s"}},
                  "too long"}),
    [](const auto& parameter) { return std::string(parameter.param.what); });

TEST(ReadSchema, TooManyFieldsAreRefused) {
  StructSpec crowd{.name = "Crowd", .size = 5000};
  for (int i = 0; i < 5000; ++i) {
    crowd.fields.push_back({.name = fmt::format("f{}", i),
                            .offset = static_cast<std::uint16_t>(i),
                            .type = reflection::UByte});
  }
  crowd.segment = "s";
  const auto layout = read_schema(build_schema({crowd}), "s");
  EXPECT_TRUE(contains(message_of(layout), "too many fields")) << message_of(layout);
}

TEST(ReadSchema, SmallSchemaThatUnfoldsToAGreatOneIsRefused) {
  // Each struct holds two of the next: 2^15 fields from fifteen short structs.
  std::vector<StructSpec> structs;
  for (std::int32_t level = 0; level < 15; ++level) {
    const std::int32_t half = 8 << (14 - level);
    StructSpec spec{.name = fmt::format("L{}", level), .size = 2 * half};
    const reflection::BaseType type = level == 14 ? reflection::ULong : reflection::Obj;
    const std::int32_t index = level == 14 ? -1 : level + 1;
    spec.fields = {{.name = "a", .type = type, .index = index, .id = 0},
                   {.name = "b",
                    .offset = static_cast<std::uint16_t>(half),
                    .type = type,
                    .index = index,
                    .id = 1}};
    structs.push_back(spec);
  }
  structs[0].segment = "s";
  const auto layout = read_schema(build_schema(structs), "s");
  EXPECT_TRUE(contains(message_of(layout), "too many fields")) << message_of(layout);
}

TEST(ReadSchema, StructsThatAreNestedTooDeeplyOnlyTogetherAreRefused) {
  // A chain of ten structs is checked first, then another one that ends in it.
  std::vector<StructSpec> structs;
  for (std::int32_t i = 0; i < 20; ++i) {
    StructSpec spec{.name = fmt::format("L{}", i), .size = 8};
    spec.fields = {{.name = "x"}};
    if (i != 0) spec.fields[0] = {.name = "x", .type = reflection::Obj, .index = i - 1};
    structs.push_back(spec);
  }
  structs.push_back({.name = "S",
                     .size = 16,
                     .fields = {{.name = "a", .type = reflection::Obj, .index = 9},
                                {.name = "b", .offset = 8, .type = reflection::Obj, .index = 19}},
                     .segment = "s"});
  const auto layout = read_schema(build_schema(structs), "s");
  EXPECT_TRUE(contains(message_of(layout), "nested too deeply")) << message_of(layout);
}

TEST(ReadSchema, EnumOfVeryManyOrVeryLongNamesIsRefused) {
  EnumSpec crowd{.name = "E"};
  for (int i = 0; i < 10'000; ++i) crowd.values.emplace_back("V", i);
  const std::vector<StructSpec> structs = {
      {.name = "S",
       .size = 8,
       .fields = {{.name = "a", .type = reflection::UByte, .index = 0}},
       .segment = "s"}};
  const auto many = read_schema(build_schema(structs, {crowd}), "s");
  EXPECT_TRUE(contains(message_of(many), "too many enum values")) << message_of(many);
  const auto long_name = read_schema(
      build_schema(structs, {{.name = "E", .values = {{std::string(100'000, 'v'), 1}}}}), "s");
  EXPECT_EQ(outcome(long_name), "InvalidSchema");
}

}  // namespace
}  // namespace evo::test
