// SPDX-License-Identifier: Apache-2.0
/// Malicious schemas, and everything that evo-shm does with those that pass the check.
#include <flatbuffers/reflection_generated.h>

#include <algorithm>
#include <gantry.evo.hpp>
#include <random>

#include "decode/fields.hpp"
#include "decode/idl.hpp"
#include "evo/text.hpp"
#include "outcome.hpp"
#include "schema_builder.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

struct Specs {
  std::vector<StructSpec> structs = {
      {.name = "ns.Axis",
       .size = 8,
       .alignment = 4,
       .fields = {{.name = "angle", .type = reflection::Float, .unit = "mm"},
                  {.name = "speed", .offset = 4, .type = reflection::Float}}},
      {.name = "ns.S",
       .size = 40,
       .fields =
           {{.name = "x", .attributes = {{"min", "-5"}, {"max", "5"}}},
            {.name = "axes", .offset = 8, .type = reflection::Obj, .length = 3, .index = 0},
            {.name = "mode", .offset = 32, .type = reflection::UByte, .index = 0},
            {.name = "power", .offset = 34, .type = reflection::UShort, .length = 3, .index = 1}},
       .segment = "s",
       .attributes = {{"owner", "mod"}}},
      {.name = "ns.Table", .size = 0, .is_struct = false}};
  std::vector<EnumSpec> enums = {{.name = "ns.Mode", .values = {{"Idle", 0}, {"Busy", 1}}},
                                 {.name = "ns.Power",
                                  .underlying = reflection::UShort,
                                  .values = {{"Drives", 1}, {"Brakes", 2}, {"Both", 3}},
                                  .attributes = {{"bit_flags", "0"}}}};
};

/// Corrupts schemas in ways that a random change of a byte hardly ever finds.
class Spoiler {
 public:
  Bfbs spoiled() {
    Specs specs;
    for (unsigned changes = any(3) + 1; changes > 0; --changes) change(specs);
    if (any(2) == 0) lay_out(specs);
    Bfbs bfbs = build_schema(specs.structs, specs.enums);
    if (any(4) != 0) return bfbs;
    for (unsigned changes = any(3) + 1; changes > 0; --changes) {
      bfbs[any(static_cast<unsigned>(bfbs.size()))] = static_cast<std::uint8_t>(random_());
    }
    return bfbs;
  }

 private:
  unsigned any(unsigned count) { return static_cast<unsigned>(random_() % count); }
  template <class T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[any(static_cast<unsigned>(values.size()))];
  }
  std::string name() {
    return one_of<std::string>({"ns.S", "ns.Axis", "ns.Mode", "S", "x", "axes", "mode", "segment",
                                "", "a.b", "a[]", "$(touch x)", "\x1b[2J", "\xc2\x9b", "\n", "1",
                                std::string(128, 'n'), std::string(129, 'n')});
  }
  std::string value() {
    return one_of<std::string>({"", "8", "0", "-1", "1e3", "s", "mod", "1ms", "\x1b]0;x\x07",
                                "\xff", "a\"b\\c", ";", std::string(300, '9')});
  }
  std::pair<std::string, std::string> attribute() {
    const std::string key =
        one_of<std::string>({"segment", "owner", "readers", "unit", "min", "max", "force_align",
                             "bit_flags", "period", "later", name()});
    return {key, value()};
  }
  reflection::BaseType type() { return static_cast<reflection::BaseType>(any(21)); }
  std::int32_t number() {
    return one_of({-8, -2, -1, 0, 1, 2, 3, 4, 7, 8, 16, 32, 64, 128, 0x1c000000, INT32_MAX});
  }

  void change(Specs& specs) {
    StructSpec& one = specs.structs[any(static_cast<unsigned>(specs.structs.size()))];
    EnumSpec& enumeration = specs.enums[any(2)];
    FieldSpec none;
    FieldSpec& field =
        one.fields.empty() ? none : one.fields[any(static_cast<unsigned>(one.fields.size()))];
    switch (any(15)) {
      case 0:
        one.name = name();
        break;
      case 1:
        enumeration.name = name();
        break;
      case 2:
        field.name = name();
        break;
      case 3:
        field.offset = static_cast<std::uint16_t>(number());
        break;
      case 4:
        field.type = type();
        break;
      case 5:
        field.length = one_of<std::uint16_t>({0, 1, 2, 300});
        break;
      case 6:
        field.index = number();
        break;
      case 7:
        field.id = number();
        break;
      case 8:
        one.size = number();
        break;
      case 9:
        one.alignment = number();
        break;
      case 10:
        field.attributes.push_back(attribute());
        one.attributes.push_back(attribute());
        break;
      case 11:
        enumeration.attributes.push_back(attribute());
        enumeration.underlying = type();
        break;
      case 12:
        enumeration.values[any(2)] = {name(), number()};
        break;
      case 13:
        specs.structs.push_back(one);
        break;
      default:
        one.fields.push_back({.name = name(), .type = type(), .index = number()});
    }
  }

  /// Recomputes the layout by FlatBuffers' rules, so that more than one change passes.
  static void lay_out(Specs& specs) {
    for (StructSpec& one : specs.structs) {
      std::uint64_t end = 0;
      std::uint64_t strictest = 1;
      std::int32_t id = 0;
      for (FieldSpec& field : one.fields) {
        std::uint64_t size = 8;
        if (field.type <= reflection::UByte) size = 1;
        if (field.type == reflection::Short || field.type == reflection::UShort) size = 2;
        if (field.type == reflection::Int || field.type == reflection::UInt ||
            field.type == reflection::Float) {
          size = 4;
        }
        std::uint64_t alignment = size;
        if (field.type == reflection::Obj && field.index == 0) alignment = 4;
        const std::uint64_t offset = align_up(end, alignment);
        field.offset = static_cast<std::uint16_t>(offset);
        field.id = id++;
        end = offset + size * std::max<std::uint64_t>(1, field.length);
        strictest = std::max(strictest, alignment);
      }
      one.alignment = static_cast<std::int32_t>(strictest);
      one.size = static_cast<std::int32_t>(align_up(end, strictest));
    }
  }

  std::mt19937 random_{20250711};
};

void expect_plain(std::string text) {
  EXPECT_EQ(printable(text), text);
}

/// Everything that commands do with a schema from a segment.
void use(const Bfbs& bfbs, const SchemaLayout& layout, const SchemaLayout& other) {
  EXPECT_TRUE(diff_schemas(layout, layout).empty());
  for (const std::string& line : diff_schemas(layout, other)) expect_plain(line);
  for (const std::string& line : diff_schemas(other, layout)) expect_plain(line);
  if (const auto idl = tools::write_idl(bfbs, "s")) {
    std::string lines = *idl;
    std::ranges::replace(lines, '\n', ' ');
    expect_plain(lines);
  } else {
    EXPECT_TRUE(contains(message_of(idl), "is not a single bit")) << message_of(idl);
  }
  const auto fields = tools::Fields::of(layout);
  ASSERT_TRUE(fields) << message_of(fields);
  std::vector<std::byte> payload(layout.size, std::byte{0x5a});
  for (const tools::Field& field : fields->all()) {
    ASSERT_LE(field.offset + field.count() * tools::size_of(field.scalar), layout.size);
    expect_plain(field.path);
    expect_plain(fields->text(field, payload));
    expect_plain(fields->json(field, payload).dump());
    expect_plain(fields->complaint(field, payload).value_or(""));
    const auto found = fields->find(field.path);
    ASSERT_TRUE(found) << message_of(found);
    EXPECT_EQ(found->size(), 1U) << field.path;
    EXPECT_EQ(found->front().offset, field.offset);
    static_cast<void>(fields->set(field, "1", payload));
  }
}

TEST(SpoiledSchemas, AreRefusedOrSafeForAllThatReadsThem) {
  Spoiler spoiler;
  const Specs specs;
  const auto whole = read_schema(build_schema(specs.structs, specs.enums), "s");
  ASSERT_TRUE(whole) << message_of(whole);
  int passed = 0;
  constexpr int kRounds = 6000;
  for (int round = 0; round < kRounds; ++round) {
    const Bfbs bfbs = spoiler.spoiled();
    const auto layout = read_schema(bfbs, "s");
    if (layout) {
      ++passed;
      use(bfbs, *layout, *whole);
    } else {
      ASSERT_EQ(layout.error().code, ErrorCode::InvalidSchema);
      expect_plain(layout.error().message);
      EXPECT_EQ(outcome(tools::write_idl(bfbs, "s")), "InvalidSchema");
    }
    if (HasFailure()) FAIL() << "in round " << round;
  }
  EXPECT_GT(passed, kRounds / 20);
  EXPECT_LT(passed, kRounds / 2);
}

TEST(SchemaAsText, IsThatOfTheStructThatWasChecked) {
  Specs specs;
  specs.structs.push_back(
      {.name = "ns.S",
       .size = 8,
       .fields = {{.name = "x", .type = reflection::Obj, .index = 0x1c000000}}});
  EXPECT_EQ(outcome(tools::write_idl(build_schema(specs.structs, specs.enums), "s")),
            "InvalidSchema");
}

TEST(SchemaAsText, OfFlagsThatShareBitsIsRefused) {
  const Specs specs;
  const auto idl = tools::write_idl(build_schema(specs.structs, specs.enums), "s");
  EXPECT_EQ(outcome(idl), "InvalidSchema");
  EXPECT_TRUE(contains(message_of(idl), "a flag of 'ns.Power' is not a single bit"))
      << message_of(idl);
}

TEST(FlagNames, OfFlagsThatShareBitsStandForAllOfTheirBits) {
  const auto text_of = [](std::vector<LayoutEnumValue> values, std::uint8_t bits) {
    const auto fields = tools::Fields::of(
        {.size = 1,
         .alignment = 1,
         .fields = {{.path = "f", .size = 1, .type = "enum F: uint8", .unit = ""}},
         .enum_values = std::move(values)});
    const std::array payload{static_cast<std::byte>(bits)};
    return fields->text(fields->all().front(), payload);
  };
  const std::vector<LayoutEnumValue> flags = {
      {"F.Pair", 6, true}, {"F.Low", 1, true}, {"F.High", 4, true}, {"F.Top", 12, true}};
  EXPECT_EQ(text_of(flags, 0), "none");
  EXPECT_EQ(text_of(flags, 6), "Pair");
  EXPECT_EQ(text_of(flags, 4), "High");
  EXPECT_EQ(text_of(flags, 7), "Pair|Low") << "High adds nothing";
  EXPECT_EQ(text_of(flags, 14), "Pair|Top");
  EXPECT_EQ(text_of(flags, 2), "2") << "half of a pair has no name";
  EXPECT_EQ(text_of(flags, 9), "9") << "half of Top";
}

using HostileSegment = ToolTest;

TEST_F(HostileSegment, FieldThatWasChosenTwiceIsOneMemberOfJson) {
  auto writer = gantry::GantryWriter::create({.domain = domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  ASSERT_TRUE(writer->write({.cycle = 7}));
  const ToolAnswer answer = run({"--format", "json", "watch", "gantry", "--field", "cycle",
                                 "--field", "cycle", "--count", "1"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_TRUE(contains(answer.out, R"("values":{"cycle":7}})")) << answer.out;
}

}  // namespace
}  // namespace evo::test
