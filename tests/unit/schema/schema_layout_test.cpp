// SPDX-License-Identifier: Apache-2.0
/// Reading binary schemas: sound ones, and damaged bytes.
#include "evo/schema_layout.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bulk.evo.hpp>
#include <gantry.evo.hpp>
#include <probe.evo.hpp>
#include <random>

#include "evo/format.hpp"
#include "outcome.hpp"
#include "schema_builder.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

Bfbs probe_schema() {
  const auto& bfbs = probe::ProbeChannel::bfbs;
  return {bfbs.begin(), bfbs.end()};
}

std::string text_of(const LayoutField& field) {
  return fmt::format("{} @{} +{} {} [{}] {}", field.path, field.offset, field.size, field.type,
                     field.length, field.unit);
}

/// What holds for any result: it is sound, or it is InvalidSchema with a reason.
void expect_sound(const Result<SchemaLayout>& layout) {
  if (!layout) {
    EXPECT_EQ(layout.error().code, ErrorCode::InvalidSchema);
    EXPECT_TRUE(contains(layout.error().message, "cannot be used: "));
    for (const char c : layout.error().message) {
      ASSERT_TRUE(static_cast<unsigned char>(c) >= ' ' && c != 0x7f) << "control character";
    }
    return;
  }
  ASSERT_LE(layout->fields.size(), 4096U);
  ASSERT_GT(layout->size, 0U);
  for (const LayoutField& field : layout->fields) {
    ASSERT_LE(field.path.size(), 1024U);
    ASSERT_LE(field.size, layout->size) << field.path;
    ASSERT_LE(field.offset, layout->size - field.size) << field.path;
  }
}

TEST(ReadSchema, OfTheProbe) {
  const auto layout = read_schema(probe_schema(), "probe");
  ASSERT_TRUE(layout) << message_of(layout);
  EXPECT_EQ(layout->size, 48U);
  EXPECT_EQ(layout->alignment, 8U);
  std::vector<std::string> fields;
  for (const LayoutField& field : layout->fields) fields.push_back(text_of(field));
  EXPECT_EQ(fields, (std::vector<std::string>{
                        "cycle @0 +8 uint64 [0] ",
                        "mode @8 +1 enum evo.probe.Mode: uint8 [0] ",
                        "position @12 +12 struct evo.probe.Point [0] ",
                        "position.x @12 +4 float32 [0] mm",
                        "position.y @16 +4 float32 [0] mm",
                        "position.z @20 +4 float32 [0] mm",
                        "forces @24 +16 float32 [4] N",
                        "contact @40 +1 bool [0] ",
                    }));
  ASSERT_EQ(layout->enum_values.size(), 3U);
  EXPECT_EQ(layout->enum_values[2].name, "evo.probe.Mode.Fault");
  EXPECT_EQ(layout->enum_values[2].value, 2);
}

TEST(ReadSchema, TellsLimitsCommentsAttributesAndFlags) {
  const auto layout = read_schema(gantry::GantryChannel::bfbs, "gantry");
  ASSERT_TRUE(layout) << message_of(layout);
  EXPECT_EQ(layout->struct_name, "evo.gantry.Gantry");
  EXPECT_TRUE(layout->documentation.starts_with("Every sort of field")) << layout->documentation;
  EXPECT_EQ(layout->attribute("readers"), "recipe_executor, display");
  EXPECT_EQ(layout->attribute("kind"), "") << "the schema does not mention it";
  const auto position = std::find_if(layout->fields.begin(), layout->fields.end(),
                                     [](const auto& f) { return f.path == "axes[].position"; });
  ASSERT_NE(position, layout->fields.end());
  EXPECT_EQ(position->minimum, "-500");
  EXPECT_EQ(position->maximum, "500");
  EXPECT_EQ(position->documentation, "Where it is.");
  std::vector<std::string> flags;
  for (const LayoutEnumValue& value : layout->enum_values) {
    if (value.is_flag) flags.push_back(fmt::format("{}={}", value.name, value.value));
  }
  EXPECT_EQ(flags,
            (std::vector<std::string>{"evo.gantry.Power.Drives=1", "evo.gantry.Power.Brakes=2",
                                      "evo.gantry.Power.Vacuum=4"}));
}

TEST(ReadSchema, OfALargeArray) {
  const auto& bfbs = probe::BulkChannel::bfbs;
  const auto layout = read_schema(bfbs, "bulk");
  ASSERT_TRUE(layout) << message_of(layout);
  ASSERT_EQ(layout->fields.size(), 2U);
  EXPECT_EQ(text_of(layout->fields[0]), "words @0 +4096 uint64 [512] ");
  EXPECT_EQ(text_of(layout->fields[1]), "last @4096 +1 uint8 [0] ");
}

TEST(ReadSchema, NamesEveryScalar) {
  using namespace reflection;
  const auto layout = read_schema(
      build_schema({{.name = "All",
                     .size = 64,
                     .fields = {{.name = "a", .offset = 0, .type = Bool},
                                {.name = "b", .offset = 1, .type = Byte},
                                {.name = "c", .offset = 2, .type = UByte},
                                {.name = "d", .offset = 4, .type = Short},
                                {.name = "e", .offset = 6, .type = UShort},
                                {.name = "f", .offset = 8, .type = Int},
                                {.name = "g", .offset = 12, .type = UInt},
                                {.name = "h", .offset = 16, .type = Long},
                                {.name = "i", .offset = 24, .type = ULong},
                                {.name = "j", .offset = 32, .type = Float},
                                {.name = "k", .offset = 40, .type = Double},
                                {.name = "l", .offset = 48, .type = Short, .length = 8}},
                     .segment = "all"}}),
      "all");
  ASSERT_TRUE(layout) << message_of(layout);
  std::string types;
  for (const LayoutField& field : layout->fields) {
    types += fmt::format("{}{} ", field.type, field.size);
  }
  EXPECT_EQ(types,
            "bool1 int81 uint81 int162 uint162 int324 uint324 int648 uint648 float324 float648 "
            "int1616 ");
}

TEST(ReadSchema, PutsFieldsInOrderAndWalksIntoArraysOfStructs) {
  const Bfbs bfbs = build_schema(
      {{.name = "Axis",
        .size = 8,
        .fields = {{.name = "speed", .offset = 4, .type = reflection::Float, .unit = "mm/s"},
                   {.name = "angle", .offset = 0, .type = reflection::Float}}},
       {.name = "Machine",
        .size = 32,
        .fields = {{.name = "axes", .offset = 8, .type = reflection::Obj, .length = 3, .index = 0},
                   {.name = "count", .offset = 0}},
        .segment = "machine"}});
  const auto layout = read_schema(bfbs, "machine");
  ASSERT_TRUE(layout) << message_of(layout);
  std::vector<std::string> fields;
  for (const LayoutField& field : layout->fields) fields.push_back(text_of(field));
  EXPECT_EQ(fields, (std::vector<std::string>{
                        "count @0 +8 uint64 [0] ",
                        "axes @8 +24 struct Axis [3] ",
                        "axes[].angle @8 +4 float32 [0] ",
                        "axes[].speed @12 +4 float32 [0] mm/s",
                    }));
}

TEST(ReadSchema, TellsAnEnumOnceHoweverOftenItIsUsed) {
  const Bfbs bfbs = build_schema(
      {{.name = "S",
        .size = 8,
        .fields = {{.name = "a", .offset = 0, .type = reflection::UByte, .index = 0},
                   {.name = "b", .offset = 1, .type = reflection::UByte, .length = 4, .index = 0}},
        .segment = "s"}},
      {{.name = "E", .values = {{"Low", 5}, {"High", 255}}}});
  const auto layout = read_schema(bfbs, "s");
  ASSERT_TRUE(layout) << message_of(layout);
  ASSERT_EQ(layout->enum_values.size(), 2U);
  EXPECT_EQ(layout->enum_values[0].name, "E.Low");
  EXPECT_EQ(layout->enum_values[0].value, 5);
  EXPECT_EQ(layout->fields[1].type, "enum E: uint8");
}

TEST(ReadSchema, OfAnotherSegmentIsRefused) {
  const auto layout = read_schema(probe_schema(), "other");
  EXPECT_EQ(outcome(layout), "InvalidSchema");
  EXPECT_TRUE(contains(message_of(layout), "declares no segment 'other'"));
}

TEST(SchemaLayout, OffsetsBeyond64KiBAreFoundByTheTypes) {
  // Reflection keeps 16 bits of an offset, so `last` appears to be before `large`.
  const auto layout = read_schema(
      build_schema(
          {{.name = "T", .size = 40'000, .fields = {{.name = "w", .length = 5'000}}},
           {.name = "S",
            .size = 80'008,
            .fields = {{.name = "large", .type = reflection::Obj, .length = 2, .index = 0},
                       {.name = "last", .offset = static_cast<std::uint16_t>(80'000), .id = 1}},
            .segment = "s"}}),
      "s");
  ASSERT_TRUE(layout) << layout.error().message;
  ASSERT_EQ(layout->fields.size(), 3U);
  EXPECT_EQ(layout->fields[0].path, "large");
  EXPECT_EQ(layout->fields[2].path, "last");
  EXPECT_EQ(layout->fields[2].offset, 80'000U);
}

TEST(HostileSchema, TruncatedAtEveryLength) {
  const Bfbs whole = probe_schema();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A buffer of exactly that size, so that AddressSanitizer guards its end.
    const Bfbs cut(whole.begin(), whole.begin() + static_cast<long>(size));
    expect_sound(read_schema(cut, "probe"));
  }
  EXPECT_FALSE(read_schema({}, "probe"));
}

TEST(HostileSchema, EveryByteChanged) {
  const Bfbs whole = probe_schema();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const unsigned flip : {0x01U, 0x10U, 0x80U, 0xffU}) {
      Bfbs damaged = whole;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ flip);
      expect_sound(read_schema(damaged, "probe"));
    }
  }
}

TEST(HostileSchema, SeveralBytesChangedAtRandom) {
  const Bfbs whole = probe_schema();
  std::mt19937 random(20240607);
  for (int round = 0; round < 5000; ++round) {
    Bfbs damaged = whole;
    const auto changes = random() % 8 + 1;
    for (unsigned change = 0; change < changes; ++change) {
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    }
    expect_sound(read_schema(damaged, "probe"));
  }
}

TEST(HostileSchema, Garbage) {
  std::mt19937 random(4711);
  for (int round = 0; round < 2000; ++round) {
    Bfbs garbage(random() % 600);
    for (std::uint8_t& byte : garbage) byte = static_cast<std::uint8_t>(random());
    if (round % 2 == 0 && garbage.size() >= 8) {
      // With the right identifier it passes the first check.
      std::copy_n("BFBS", 4, garbage.begin() + 4);
      garbage[1] = garbage[2] = garbage[3] = 0;
    }
    EXPECT_FALSE(read_schema(garbage, "probe"));
    expect_sound(read_schema(garbage, "probe"));
  }
}

TEST(HostileSchema, UnalignedBufferIsRead) {
  const Bfbs whole = probe_schema();
  Bfbs shifted(whole.size() + 1);
  std::copy(whole.begin(), whole.end(), shifted.begin() + 1);
  EXPECT_TRUE(read_schema(std::span(shifted).subspan(1), "probe"));
}

TEST(HostileSchema, InASegmentIsRefusedAtAttach) {
  const TemporaryDomain directory;
  Bfbs damaged = probe_schema();
  damaged[8] ^= 0xff;
  ChannelDescription channel = describe<probe::ProbeChannel>();
  channel.bfbs = damaged;
  auto writer = RawStateWriter::create(channel, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(outcome(RawStateReader::attach("probe", {.domain = directory.domain()})),
            "InvalidSchema");
  EXPECT_EQ(outcome(probe::ProbeReader::attach({.domain = directory.domain()})), "InvalidSchema");
}

TEST(HostileSchema, SchemaOfAnotherSizeThanThePayloadIsRefusedAtAttach) {
  const TemporaryDomain directory;
  ChannelDescription channel = describe<probe::ProbeChannel>();
  channel.size = 8;
  auto writer = RawStateWriter::create(channel, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  const auto reader = RawStateReader::attach("probe", {.domain = directory.domain()});
  EXPECT_EQ(outcome(reader), "InvalidSchema");
  EXPECT_TRUE(contains(message_of(reader), "48 bytes")) << message_of(reader);
}

}  // namespace
}  // namespace evo::test
