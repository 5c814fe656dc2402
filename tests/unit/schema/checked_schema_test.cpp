// SPDX-License-Identifier: Apache-2.0
/// What the check of a schema refuses, and what it accepts.
#include "evo/checked_schema.hpp"

#include <flatbuffers/reflection_generated.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ostream>
#include <probe.evo.hpp>

#include "evo/format/segment_header.hpp"
#include "evo/schema_layout.hpp"
#include "outcome.hpp"
#include "schema/schema_attributes.hpp"
#include "schema/schema_census.hpp"
#include "schema_builder.hpp"
#include "segments.hpp"

namespace evo::test {
namespace {

/// A segment 's' with one number 'x', an array of structs and an enum, for tests to corrupt.
struct Specs {
  std::vector<StructSpec> structs = {
      {.name = "ns.Axis",
       .size = 8,
       .alignment = 4,
       .fields = {{.name = "angle", .type = reflection::Float, .unit = "mm"},
                  {.name = "speed", .offset = 4, .type = reflection::Float}}},
      {.name = "ns.S",
       .size = 32,
       .fields = {{.name = "x"},
                  {.name = "axes", .offset = 8, .type = reflection::Obj, .length = 2, .index = 0},
                  {.name = "mode", .offset = 24, .type = reflection::UByte, .index = 0}},
       .segment = "s"}};
  std::vector<EnumSpec> enums = {{.name = "ns.Mode", .values = {{"Idle", 0}, {"Busy", 1}}}};

  StructSpec& axis() { return structs[0]; }
  StructSpec& segment() { return structs[1]; }
  FieldSpec& x() { return structs[1].fields[0]; }
  FieldSpec& mode() { return structs[1].fields[2]; }
  EnumSpec& modes() { return enums[0]; }
  [[nodiscard]] Result<CheckedSchema> check() const {
    return CheckedSchema::of(build_schema(structs, enums), "s");
  }
};

TEST(CheckedSchema, LeadsFromTheRootToItsTypes) {
  auto found = Specs().check();
  ASSERT_TRUE(found) << message_of(found);
  const CheckedSchema schema = std::move(*found);
  EXPECT_EQ(schema.root().name()->str(), "ns.S");
  const auto fields = CheckedSchema::fields_of(schema.root());
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields[1]->name()->str(), "axes");
  ASSERT_NE(schema.struct_of(*fields[1]), nullptr);
  EXPECT_EQ(schema.struct_of(*fields[1])->name()->str(), "ns.Axis");
  EXPECT_EQ(schema.struct_of(*fields[2]), nullptr);
  EXPECT_EQ(schema.enum_of(*fields[1]), nullptr);
  ASSERT_NE(schema.enum_of(*fields[2]), nullptr);
  EXPECT_EQ(schema.enum_of(*fields[2])->name()->str(), "ns.Mode");
}

struct Spoiled {
  const char* what;
  void (*spoil)(Specs& specs);
  const char* message;
};

void PrintTo(const Spoiled& spoiled, std::ostream* out) {
  *out << spoiled.what;
}

class SpoiledSchema : public testing::TestWithParam<Spoiled> {};

TEST_P(SpoiledSchema, IsRefusedWithAReason) {
  Specs specs;
  GetParam().spoil(specs);
  const auto schema = specs.check();
  EXPECT_EQ(outcome(schema), "InvalidSchema");
  EXPECT_TRUE(contains(message_of(schema), GetParam().message)) << message_of(schema);
  for (const char c : message_of(schema)) ASSERT_TRUE(c >= ' ' && c != 0x7f) << message_of(schema);
}

constexpr const char* kEscape = "\x1b]0;x\x07";
/// What a shell would run if a completion did not quote it.
constexpr const char* kCommand = "$(touch${IFS}x)";

INSTANTIATE_TEST_SUITE_P(
    Kinds, SpoiledSchema,
    testing::Values(
        Spoiled{"FieldIsACommand", [](Specs& s) { s.x().name = kCommand; },
                "name of a field of struct 'ns.S'"},
        Spoiled{"FieldWithoutName", [](Specs& s) { s.x().name = ""; }, "name of a field"},
        Spoiled{"FieldBeginsWithADigit", [](Specs& s) { s.x().name = "1x"; }, "name of a field"},
        Spoiled{"FieldWithADot", [](Specs& s) { s.x().name = "a.b"; }, "name of a field"},
        Spoiled{"FieldBeyondAscii", [](Specs& s) { s.x().name = "h\xc3\xb6he"; },
                "name of a field"},
        Spoiled{"LongFieldName", [](Specs& s) { s.x().name = std::string(129, 'x'); },
                "name of a field of struct 'ns.S' is too long"},
        Spoiled{"StructIsACommand", [](Specs& s) { s.axis().name = kCommand; }, "name of a type"},
        Spoiled{"StructWithAnEmptyPart", [](Specs& s) { s.axis().name = "ns..Axis"; },
                "name of a type"},
        Spoiled{"StructEndsInADot", [](Specs& s) { s.axis().name = "ns."; }, "name of a type"},
        Spoiled{
            "LongTypeName",
            [](Specs& s) { s.axis().name = std::string(128, 'a') + "." + std::string(128, 'b'); },
            "name of a type is too long"},
        Spoiled{"UnusedStructIsACommand",
                [](Specs& s) { s.structs.push_back({.name = kCommand, .size = 8}); },
                "name of a type"},
        Spoiled{"EnumIsACommand", [](Specs& s) { s.modes().name = kCommand; }, "name of a type"},
        Spoiled{"EnumValueIsACommand", [](Specs& s) { s.modes().values[0].first = kCommand; },
                "name of a value of enum 'ns.Mode'"},
        Spoiled{"EscapeInTheKeyOfASegment",
                [](Specs& s) {
                  s.segment().attributes = {{kEscape, "x"}};
                },
                "name of an attribute of 'ns.S'"},
        Spoiled{"EscapeInTheKeyOfAField",
                [](Specs& s) {
                  s.x().attributes = {{kEscape, "x"}};
                },
                "name of an attribute of 'ns.S.x'"},
        Spoiled{"EscapeInTheKeyOfAnEnum",
                [](Specs& s) {
                  s.modes().attributes = {{kEscape, "x"}};
                },
                "name of an attribute of 'ns.Mode'"},
        Spoiled{"EscapeInTheValueOfAnUnknownAttribute",
                [](Specs& s) {
                  s.segment().attributes = {{"later", kEscape}};
                },
                "attribute 'later' of 'ns.S' is too long, or has control characters"},
        Spoiled{"EscapeInAlignment",
                [](Specs& s) {
                  s.segment().attributes = {{"force_align", kEscape}};
                },
                "struct 'ns.S' has an impossible alignment"},
        Spoiled{"EscapeInTheAlignmentOfAField",
                [](Specs& s) {
                  s.x().attributes = {{"force_align", kEscape}};
                },
                "attribute 'force_align' of 'ns.S.x' is not a whole number"},
        Spoiled{"AlignmentThatIsAnother",
                [](Specs& s) {
                  s.segment().attributes = {{"force_align", "16"}};
                },
                "struct 'ns.S' has an impossible alignment"},
        Spoiled{"AlignmentThatIsNoPower",
                [](Specs& s) {
                  s.segment().alignment = 24;
                  s.segment().size = 48;
                },
                "struct 'ns.S' has an impossible alignment"},
        Spoiled{"LaxerAlignmentThanThatOfAField", [](Specs& s) { s.segment().alignment = 4; },
                "needs a stricter alignment"},
        Spoiled{"SizeWithoutPadding", [](Specs& s) { s.segment().size = 25; },
                "does not have the size that its fields give it"},
        Spoiled{"LargerThanItsFields", [](Specs& s) { s.segment().size = 40; },
                "does not have the size that its fields give it"},
        Spoiled{"EscapeInAUnit", [](Specs& s) { s.x().unit = "\x1b[31mmm"; },
                "attribute 'unit' of 'ns.S.x'"},
        Spoiled{"C1ControlInAUnit",
                [](Specs& s) {
                  s.x().unit =
                      "\xc2\x9b"
                      "31m";
                },
                "attribute 'unit' of 'ns.S.x'"},
        Spoiled{"BrokenUtf8InAUnit", [](Specs& s) { s.x().unit = "\x9b"; },
                "attribute 'unit' of 'ns.S.x'"},
        Spoiled{"LimitIsText",
                [](Specs& s) {
                  s.x().attributes = {{"min", "low"}};
                },
                "attribute 'min' of 'ns.S.x' is not a number"},
        Spoiled{"LimitIsInfinite",
                [](Specs& s) {
                  s.x().attributes = {{"max", "inf"}};
                },
                "attribute 'max' of 'ns.S.x' is not a number"},
        Spoiled{"AttributeTwice",
                [](Specs& s) {
                  s.x().attributes = {{"min", "0"}, {"min", "1"}};
                },
                "'ns.S.x' has attribute 'min' twice"},
        Spoiled{"ManyAttributes",
                [](Specs& s) {
                  for (int i = 0; i < 65; ++i)
                    s.x().attributes.emplace_back(fmt::format("a{}", i), "");
                },
                "'ns.S.x' has too many attributes"},
        Spoiled{"TwoStructsOfOneName",
                [](Specs& s) {
                  s.structs.push_back(
                      {.name = "ns.S",
                       .size = 8,
                       .fields = {{.name = "x", .type = reflection::Obj, .index = 0x1c000000}}});
                },
                "two types are called 'ns.S'"},
        Spoiled{"StructAndEnumOfOneName", [](Specs& s) { s.modes().name = "ns.Axis"; },
                "two types are called 'ns.Axis'"},
        Spoiled{"SegmentDeclaredTwice",
                [](Specs& s) { s.structs.push_back({.name = "T", .size = 8, .segment = "s"}); },
                "declares segment 's' twice"},
        Spoiled{"TwoFieldsOfOneName", [](Specs& s) { s.mode().name = "x"; },
                "two fields are called 'ns.S.x'"},
        Spoiled{"TwoFieldsOfOneNumber", [](Specs& s) { s.mode().id = 1; },
                "is numbered out of order"},
        Spoiled{"NumbersWithAGap", [](Specs& s) { s.mode().id = 7; }, "is numbered out of order"},
        Spoiled{"TwoEnumValuesOfOneName", [](Specs& s) { s.modes().values[1].first = "Idle"; },
                "two enum values are called 'ns.Mode.Idle'"},
        Spoiled{"TwoEnumValuesOfOneNumber", [](Specs& s) { s.modes().values[1].second = 0; },
                "'ns.Mode.Busy' is a second name for its number"},
        Spoiled{"EnumValueAboveItsType", [](Specs& s) { s.modes().values[1].second = 256; },
                "'ns.Mode.Busy' does not fit"},
        Spoiled{"EnumValueBelowItsType", [](Specs& s) { s.modes().values[1].second = -1; },
                "'ns.Mode.Busy' does not fit"},
        Spoiled{"EnumOfAnotherType", [](Specs& s) { s.modes().underlying = reflection::Byte; },
                "enum 'ns.Mode' has a different type from field 'ns.S.mode'"},
        Spoiled{"EnumOfFloats",
                [](Specs& s) { s.modes().underlying = s.mode().type = reflection::Float; },
                "enum 'ns.Mode' has a different type"},
        Spoiled{"EnumOfATypeThatDoesNotExist",
                [](Specs& s) { s.modes().underlying = static_cast<reflection::BaseType>(31); },
                "enum 'ns.Mode' has a different type"},
        Spoiled{"FlagsBeyondAllBits",
                [](Specs& s) {
                  s.modes().attributes = {{"bit_flags", "0"}};
                  for (int i = 2; i < 66; ++i)
                    s.modes().values.emplace_back(fmt::format("V{}", i), i);
                },
                "more flags than there are bits"},
        Spoiled{"NegativeEnum", [](Specs& s) { s.mode().index = -2; }, "unknown enum type"},
        Spoiled{"NestedPathBeyondAllNames",
                [](Specs& s) {
                  s.axis().fields[0].name = std::string(128, 'a');
                  for (std::int32_t i = 0; i < 8; ++i) {
                    s.structs.push_back({.name = fmt::format("N{}", i),
                                         .size = 8,
                                         .alignment = 4,
                                         .fields = {{.name = std::string(128, 'n'),
                                                     .type = reflection::Obj,
                                                     .index = i == 0 ? 0 : i + 1}}});
                  }
                  s.segment().fields[1].index = 9;
                },
                "path of a nested field is too long"}),
    [](const auto& parameter) { return std::string(parameter.param.what); });

TEST(CheckedSchema, AcceptsWhatALaterReleaseMayAdd) {
  Specs specs;
  specs.segment().attributes = {
      {"kind", "table"}, {"later", "any text, even \xc2\xb5"}, {"flag", ""}};
  specs.x().attributes = {{"colour", "green"}};
  const auto schema = specs.check();
  EXPECT_TRUE(schema) << message_of(schema);
}

TEST(CheckedSchema, DoesNotLookIntoTypesThatTheSegmentDoesNotUse) {
  Specs specs;
  specs.structs.push_back({.name = "Table", .is_struct = false});
  specs.structs.back().fields = {
      {.name = "text", .type = reflection::String},
      {.name = "wild", .offset = 4, .type = reflection::Obj, .index = 77}};
  const auto schema = specs.check();
  EXPECT_TRUE(schema) << message_of(schema);
}

TEST(CheckedSchema, AcceptsTheLongestNamesAndPathsOfTheGenerator) {
  // A segment and 16 nested structs, with 48 characters for each name.
  std::vector<StructSpec> structs;
  for (std::int32_t level = 0; level <= 16; ++level) {
    structs.push_back({.name = fmt::format("{}.L{}", std::string(48, 'n'), level),
                       .size = 8,
                       .fields = {{.name = std::string(48, 'f'),
                                   .type = level == 16 ? reflection::ULong : reflection::Obj,
                                   .index = level == 16 ? -1 : level + 1}}});
  }
  structs[0].segment = std::string(48, 's');
  const auto schema = CheckedSchema::of(build_schema(structs), structs[0].segment);
  EXPECT_TRUE(schema) << message_of(schema);
}

TEST(CheckedSchema, OfASegmentThatCannotBeIsRefused) {
  EXPECT_EQ(outcome(CheckedSchema::of(build_schema(Specs().structs), kEscape)), "InvalidName");
}

TEST(CheckedSchema, OfMoreBytesThanASegmentMayEmbedIsRefused) {
  const auto schema = CheckedSchema::of(Bfbs(kMaximumSchemaSize + 1), "s");
  EXPECT_TRUE(contains(message_of(schema), "more than 4194304 bytes")) << message_of(schema);
}

/// Schemas that refer to one object very often, in ways that each take a different path through the
/// check.
class Crowd {
 public:
  enum class Shared { Attributes, Comment, Calls, Files };

  static Bfbs of(Shared shared, std::size_t many) {
    Crowd crowd;
    return crowd.build(shared, many);
  }

 private:
  template <class T>
  auto repeated(flatbuffers::Offset<T> one, std::size_t many) {
    return builder_.CreateVector(std::vector<flatbuffers::Offset<T>>(many, one));
  }

  Bfbs build(Shared shared, std::size_t many) {
    using namespace reflection;
    const auto text = builder_.CreateString("text");
    const auto attributes =
        repeated(CreateKeyValue(builder_, text, text), shared == Shared::Attributes ? many : 1);
    const auto comment = repeated(text, shared == Shared::Comment ? many : 1);
    const auto field =
        CreateField(builder_, builder_.CreateString("x"), CreateType(builder_, UByte), 0, 0, 0, 0,
                    false, false, false, attributes, comment);
    const auto fields = repeated(field, 2000);
    const auto object = CreateObject(builder_, builder_.CreateString("S"), fields, true, 1, 2000,
                                     attributes, comment);
    const auto value = CreateEnumVal(builder_, text, 0, 0, comment);
    const auto values = repeated(value, 1000);
    const auto enumeration = CreateEnum(builder_, builder_.CreateString("E"), values, false,
                                        CreateType(builder_, UByte), attributes, comment);
    const auto call = CreateRPCCall(builder_, text, object, object, attributes, comment);
    const auto calls = repeated(call, shared == Shared::Calls ? many : 1);
    const auto service = repeated(CreateService(builder_, text, calls, attributes, comment), 1);
    const auto names = repeated(text, shared == Shared::Files ? many : 1);
    const auto files = repeated(CreateSchemaFile(builder_, text, names), 100);
    const auto objects = repeated(object, 1);
    const auto enums = repeated(enumeration, 1);
    builder_.Finish(
        CreateSchema(builder_, objects, enums, 0, 0, 0, service, AdvancedFeatures(), files),
        "BFBS");
    return {builder_.GetBufferPointer(), builder_.GetBufferPointer() + builder_.GetSize()};
  }

  flatbuffers::FlatBufferBuilder builder_;
};

class CrowdedSchema : public testing::TestWithParam<Crowd::Shared> {};

TEST_P(CrowdedSchema, IsRefusedBeforeItIsFollowed) {
  EXPECT_EQ(detail::shape_of_schema(Crowd::of(GetParam(), 1)), detail::SchemaShape::Sound);
  const Bfbs crowded = Crowd::of(GetParam(), 5000);
  ASSERT_LT(crowded.size(), 100'000U);
  EXPECT_EQ(detail::shape_of_schema(crowded), detail::SchemaShape::TooManyEntries);
  const auto schema = CheckedSchema::of(crowded, "s");
  EXPECT_TRUE(contains(message_of(schema), "it refers to more than 262144 ")) << message_of(schema);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CrowdedSchema,
                         testing::Values(Crowd::Shared::Attributes, Crowd::Shared::Comment,
                                         Crowd::Shared::Calls, Crowd::Shared::Files));

TEST(CheckedSchema, OneLongCommentInManyPlacesIsTooMuchText) {
  using namespace reflection;
  flatbuffers::FlatBufferBuilder builder;
  const auto line = builder.CreateString(std::string(100'000, ' '));
  const auto comment =
      builder.CreateVector(std::vector<flatbuffers::Offset<flatbuffers::String>>(50, line));
  const auto field = CreateField(builder, builder.CreateString("x"), CreateType(builder, UByte), 0,
                                 0, 0, 0, false, false, false, 0, comment);
  const auto fields = builder.CreateVector(std::vector{field});
  const auto segment = CreateKeyValueDirect(builder, "segment", "s");
  const auto attributes = builder.CreateVector(std::vector{segment});
  const auto name = builder.CreateString("S");
  const auto root = CreateObject(builder, name, fields, true, 1, 1, attributes);
  const auto objects = builder.CreateVector(std::vector{root});
  const auto enums = builder.CreateVector(std::vector<flatbuffers::Offset<Enum>>());
  builder.Finish(CreateSchema(builder, objects, enums), "BFBS");
  const auto schema = CheckedSchema::of({builder.GetBufferPointer(), builder.GetSize()}, "s");
  EXPECT_TRUE(contains(message_of(schema), "too much text")) << message_of(schema);
}

TEST(AttributeForms, OfNumbersTimesNamesAndVersions) {
  const auto is_fine = [](std::string_view key, std::string_view value) {
    return !detail::fault_of_attribute(key, value);
  };
  for (const char* key : {"slots", "capacity", "max_readers", "force_align"}) {
    EXPECT_TRUE(is_fine(key, "8"));
    for (const char* wrong : {"", "8 ", "-8", "0x8", "1e3", "123456789012345678901"}) {
      EXPECT_FALSE(is_fine(key, wrong)) << key << ' ' << wrong;
    }
  }
  for (const char* key : {"period", "max_age"}) {
    for (const char* right : {"250us", "1ms", "2s", "7ns"}) EXPECT_TRUE(is_fine(key, right));
    for (const char* wrong : {"", "1", "ms", "1.5ms", "1min"}) EXPECT_FALSE(is_fine(key, wrong));
  }
  for (const char* key : {"min", "max"}) {
    for (const char* right : {"0", "-40", "0.5", "1e6", "-1E-9", "18446744073709551615"}) {
      EXPECT_TRUE(is_fine(key, right)) << right;
    }
    for (const char* wrong : {"", "nan", "inf", "1;2", "0x1p3", "1e", "--1", "1 "}) {
      EXPECT_FALSE(is_fine(key, wrong)) << wrong;
    }
  }
  EXPECT_TRUE(is_fine("version", "3.14"));
  for (const char* wrong : {"", "3", "3.", ".1", "1.2.3"}) EXPECT_FALSE(is_fine("version", wrong));
  EXPECT_TRUE(is_fine("owner", "mod"));
  EXPECT_FALSE(is_fine("owner", "Mod"));
  EXPECT_TRUE(is_fine("segment", "s"));
  EXPECT_FALSE(is_fine("segment", "../s"));
}

TEST(AttributeForms, OfModuleLists) {
  const auto fault = [](std::string_view value) {
    return detail::fault_of_attribute("readers", value);
  };
  EXPECT_FALSE(fault("one, two , three"));
  EXPECT_FALSE(fault("one"));
  EXPECT_TRUE(fault(""));
  EXPECT_TRUE(fault("one,,two"));
  EXPECT_TRUE(fault("one, $(x)"));
  std::string crowd = "one";
  while (crowd.size() < 8192) crowd += ",one";
  EXPECT_TRUE(fault(crowd));
  EXPECT_FALSE(fault(std::string_view(crowd).substr(0, 1023))) << "may be longer than other values";
}

}  // namespace
}  // namespace evo::test
