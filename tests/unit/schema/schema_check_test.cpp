// SPDX-License-Identifier: Apache-2.0
/// Which segments fit which readers, and what the error says if one does not.
#include "schema/schema_check.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <counter.evo.hpp>
#include <probe.evo.hpp>
#include <thread>

#include "evo/raw_stream_reader.hpp"
#include "evo/raw_stream_writer.hpp"
#include "schema_builder.hpp"
#include "segments.hpp"
#include "system/process_identity.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr SchemaId kReaderId =
    SchemaId::from_hex("1111111111111111111111111111111111111111111111111111111111111111");
constexpr SchemaId kSegmentId =
    SchemaId::from_hex("2222222222222222222222222222222222222222222222222222222222222222");

using Fields = std::vector<FieldSpec>;

Bfbs machine_schema(const Fields& fields, std::int32_t size = 32,
                    const std::vector<std::pair<std::string, std::int64_t>>& modes = {
                        {"Idle", 0}, {"Running", 1}}) {
  return build_schema(
      {{.name = "evo.test.Machine", .size = size, .fields = fields, .segment = "machine"}},
      {{.name = "evo.test.Mode", .values = modes}});
}

Fields machine_fields() {
  return {{.name = "cycle", .offset = 0},
          {.name = "speed", .offset = 8, .type = reflection::Float, .unit = "mm/s"},
          {.name = "mode", .offset = 12, .type = reflection::UByte, .index = 0},
          {.name = "forces", .offset = 16, .type = reflection::Float, .length = 4, .unit = "N"}};
}

class FitSchema : public testing::Test {
 protected:
  FitSchema() : reader_bfbs_(machine_schema(machine_fields())), segment_bfbs_(reader_bfbs_) {
    reader_.name = "machine";
    reader_.size = 32;
    reader_.schema_id = kReaderId;
    reader_.fields = kFields;
    segment_.schema_id = kSegmentId;
    segment_.version = {1, 1};
    segment_.geometry = slot_geometry(reader_);
  }

  Result<std::uint32_t> fit() {
    reader_.bfbs = reader_bfbs_;
    return detail::fit_schema(reader_,
                              {segment_, published_, segment_bfbs_, "pid 7 (/usr/bin/writer)"});
  }

  static constexpr FieldInfo kFields[4] = {{"cycle", 0, 8, "", "", ""},
                                           {"speed", 8, 4, "mm/s", "", ""},
                                           {"mode", 12, 1, "", "", ""},
                                           {"forces", 16, 16, "N", "", ""}};
  Bfbs reader_bfbs_;
  Bfbs segment_bfbs_;
  ChannelDescription reader_;
  SegmentLayout segment_;
  std::vector<CompatibleEntry> published_;
};

TEST_F(FitSchema, SameIdFits) {
  segment_.schema_id = kReaderId;
  EXPECT_EQ(fit(), 4U);
}

TEST_F(FitSchema, SameIdOfAnotherSizeDoesNot) {
  segment_.schema_id = kReaderId;
  segment_.geometry.payload_size = 40;
  EXPECT_TRUE(contains(message_of(fit()), "- size: 40 bytes in the segment, 32 in this reader"));
}

TEST_F(FitSchema, ValuesOutOfAlignmentDoNotFit) {
  segment_.schema_id = kReaderId;
  reader_.alignment = 32;
  EXPECT_TRUE(contains(message_of(fit()), "this reader needs multiples of 32"));
  segment_.schema_id = kSegmentId;
  published_ = {{.id = kReaderId.bytes, .field_count = 4, .size = 32}};
  EXPECT_TRUE(contains(message_of(fit()), "this reader needs multiples of 32"))
      << "a newer segment";
  segment_.geometry.payload_offset = 32;
  EXPECT_EQ(fit(), 4U);
  segment_.geometry.stride = 80;
  EXPECT_TRUE(contains(message_of(fit()), "this reader needs multiples of 32")) << "from slot 1 on";
}

TEST_F(FitSchema, OlderSegmentThatTheReaderKnowsFits) {
  const CompatibleLayout known[] = {{SchemaId{}, {1, 0}, 8, 1}, {kSegmentId, {1, 1}, 16, 3}};
  reader_.compatible = known;
  segment_.geometry.payload_size = 16;
  EXPECT_EQ(fit(), 3U);
  segment_.geometry.payload_size = 12;
  EXPECT_EQ(outcome(fit()), "SchemaMismatch") << "its size is wrong";
}

TEST_F(FitSchema, NewerSegmentThatKnowsTheReaderFits) {
  segment_.geometry.payload_size = 64;
  published_ = {{.id = {}, .size = 8}, {.id = kReaderId.bytes, .field_count = 4, .size = 32}};
  EXPECT_EQ(fit(), 4U);
  published_[1].size = 24;
  EXPECT_EQ(outcome(fit()), "SchemaMismatch") << "a size that differs from the reader's";
  published_[1].size = 32;
  segment_.geometry.payload_size = 24;
  EXPECT_EQ(outcome(fit()), "SchemaMismatch") << "too small to hold what it declares";
}

TEST_F(FitSchema, AttributesMustAgreeEvenIfTheLayoutsFit) {
  const CompatibleLayout known[] = {{kSegmentId, {1, 1}, 32, 4}};
  const auto expect_line = [&](std::string_view line) {
    for (const bool compatible : {false, true}) {
      if (compatible) reader_.compatible = known;
      segment_.schema_id = compatible ? kSegmentId : kReaderId;
      const auto fits = fit();
      EXPECT_EQ(outcome(fits), "SchemaMismatch");
      EXPECT_TRUE(contains(message_of(fits), fmt::format("\n  - {}\n", line))) << message_of(fits);
    }
  };
  segment_.kind = Kind::Stream;
  expect_line("kind: stream in the segment, state in this reader");
  segment_.kind = Kind::State;
  segment_.geometry.stamped = false;
  expect_line("stamp: none in the segment, monotonic in this reader");
  segment_.geometry.stamped = true;
  segment_.geometry.checksummed = true;
  expect_line("checksum: crc32c in the segment, none in this reader");
}

TEST_F(FitSchema, EndsOfALinkMayHaveAnyVersionThatOneOfThemKnows) {
  const CompatibleLayout older[] = {{kSegmentId, {1, 0}, 0, 0}};
  reader_.kind = segment_.kind = Kind::Link;
  EXPECT_TRUE(contains(message_of(fit()), "earlier version"));
  reader_.compatible = older;
  EXPECT_TRUE(fit()) << "the client is newer";
  reader_.compatible = {};
  published_.push_back({.id = kReaderId.bytes});
  EXPECT_TRUE(fit()) << "the server is newer";
  segment_.geometry.checksummed = true;
  EXPECT_TRUE(contains(message_of(fit()), "checksum: crc32c in the link, none in this client"));
  segment_.geometry.checksummed = false;
  segment_.kind = Kind::State;
  EXPECT_TRUE(contains(message_of(fit()), "kind: state in the segment, link in this reader"));
}

TEST_F(FitSchema, MessageIsExactlyThis) {
  Fields changed = machine_fields();
  changed[0] = {.name = "cycle", .offset = 0, .type = reflection::Long};
  changed[1].unit = "m/s";
  changed[2].offset = 13;
  changed[3].length = 6;
  changed.push_back({.name = "contact", .offset = 12, .type = reflection::Bool});
  segment_bfbs_ = machine_schema(changed, 40, {{"Idle", 0}, {"Running", 2}, {"Fault", 3}});
  Fields ours = machine_fields();
  ours.push_back({.name = "old", .offset = 13, .type = reflection::UByte});
  reader_bfbs_ = machine_schema(ours);
  segment_.geometry.payload_size = 40;

  const auto fits = fit();
  EXPECT_EQ(outcome(fits), "SchemaMismatch");
  EXPECT_EQ(message_of(fits),
            "segment 'machine' does not fit this reader:\n"
            "  segment: version 1.1, schema id "
            "2222222222222222222222222222222222222222222222222222222222222222, written by pid 7 "
            "(/usr/bin/writer)\n"
            "  reader:  version 1.0, schema id "
            "1111111111111111111111111111111111111111111111111111111111111111\n"
            "  - retyped: cycle: int64 in the segment, uint64 in this reader\n"
            "  - unit changed: speed: \"m/s\" in the segment, \"mm/s\" in this reader\n"
            "  - moved: mode: offset 13 in the segment, offset 12 in this reader\n"
            "  - removed: old (uint8 at offset 13 in this reader), the segment lacks it\n"
            "  - array length: forces: 6 elements in the segment, 4 elements in this reader\n"
            "  - added: contact (bool at offset 12 in the segment), this reader lacks it\n"
            "  - enum value: evo.test.Mode.Running: 2 in the segment, 1 in this reader\n"
            "  - enum value added: evo.test.Mode.Fault (3 in the segment), this reader lacks it\n"
            "  - size: 40 bytes in the segment, 32 in this reader\n"
            "rebuild the writer or this reader, so that both come from the same schema file");
}

TEST_F(FitSchema, SchemasThatCannotBeComparedAreSaidSo) {
  segment_bfbs_.clear();
  segment_.geometry.payload_size = 40;
  const std::string text = message_of(fit());
  EXPECT_TRUE(contains(text, "- the segment embeds no schema to compare\n")) << text;
  EXPECT_TRUE(contains(text, "- size: 40 bytes in the segment, 32 in this reader\n")) << text;
  segment_bfbs_ = reader_bfbs_;
  reader_bfbs_.clear();
  EXPECT_TRUE(contains(message_of(fit()), "- this reader has no schema to compare\n"));
}

TEST_F(FitSchema, OtherIdWithTheSameFieldsIsSaidSo) {
  EXPECT_TRUE(contains(message_of(fit()), "- the schema ids differ, the fields do not\n"));
}

TEST_F(FitSchema, UnreadableSchemaIsItsOwnReason) {
  segment_bfbs_.resize(10);
  EXPECT_TRUE(contains(message_of(fit()), "not a binary FlatBuffers schema"));
}

TEST(SchemaMismatch, OfARealSegmentNamesFieldAndWriter) {
  const TemporaryDomain directory;
  // The probe's schema with one unit changed: "mm" is a separate string in it.
  const auto& bfbs = probe::ProbeChannel::bfbs;
  Bfbs changed(bfbs.begin(), bfbs.end());
  constexpr std::array<std::uint8_t, 7> kForceUnit = {1, 0, 0, 0, 'N', 0, 0};
  const auto unit =
      std::search(changed.begin(), changed.end(), kForceUnit.begin(), kForceUnit.end());
  ASSERT_NE(unit, changed.end());
  *(unit + 4) = 'k';
  ChannelDescription channel = describe<probe::ProbeChannel>();
  channel.bfbs = changed;
  channel.schema_id = kSegmentId;
  channel.version = {2, 0};
  auto writer = RawStateWriter::create(channel, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);

  const auto reader = probe::ProbeReader::attach({.domain = directory.domain()});
  EXPECT_EQ(outcome(reader), "SchemaMismatch");
  const std::string executable = detail::executable_path();
  EXPECT_EQ(message_of(reader),
            fmt::format(
                "segment 'probe' does not fit this reader:\n"
                "  segment: version 2.0, schema id {}, written by pid {} ({})\n"
                "  reader:  version 1.0, schema id {}\n"
                "  - unit changed: forces: \"k\" in the segment, \"N\" in this reader\n"
                "rebuild the writer or this reader, so that both come from the same schema file",
                kSegmentId.hex(), ::getpid(),
                executable.size() <= 176 ? executable : executable.substr(executable.size() - 176),
                probe::ProbeChannel::schema_id.hex()));
}

TEST(SchemaMismatch, FreesTheReaderEntryAgain) {
  const TemporaryDomain directory;
  ChannelDescription channel = describe<probe::CounterChannel>();
  channel.max_readers = 1;
  channel.schema_id = kSegmentId;
  auto writer = RawStateWriter::create(channel, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome(probe::CounterReader::attach({.domain = directory.domain()})),
              "SchemaMismatch");
  }
}

TEST(SchemaMismatch, OverflowOfAStreamMustAgree) {
  const TemporaryDomain directory;
  ChannelDescription channel = raw_channel("probe", 8);
  channel.kind = Kind::Stream;
  const auto writer = RawStreamWriter::create(channel, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  channel.overflow = Overflow::Block;
  const auto reader = RawStreamReader::attach(channel, {.domain = directory.domain()});
  EXPECT_EQ(outcome(reader), "SchemaMismatch");
  EXPECT_TRUE(contains(message_of(reader), "overflow: overwrite in the segment, block"))
      << "it would use in place what the writer overwrites: " << message_of(reader);
}

TEST(SchemaMismatch, WaitsForTheSuccessorOfADeadWriter) {
  const TemporaryDomain directory;
  leave_orphan(directory.domain(), raw_channel("probe", 8), 1);
  ChannelDescription channel = raw_channel("probe", 16);
  channel.schema_id.bytes.fill(7);
  const auto at_once = RawStateReader::attach(channel, {.domain = directory.domain()});
  EXPECT_EQ(outcome(at_once), "SchemaMismatch");
  EXPECT_TRUE(contains(message_of(at_once), "which is dead; start the current writer"))
      << message_of(at_once);
  const auto in_vain = RawStateReader::attach(
      channel, {.domain = directory.domain(), .wait = std::chrono::milliseconds(5)});
  EXPECT_EQ(outcome(in_vain), "SchemaMismatch");
  std::optional<Result<RawStateWriter>> successor;
  std::thread starts([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    successor.emplace(RawStateWriter::create(channel, {.domain = directory.domain()}));
  });
  const auto patient = RawStateReader::attach(
      channel, {.domain = directory.domain(), .wait = std::chrono::seconds(60)});
  starts.join();
  EXPECT_EQ(outcome(patient), "ok") << message_of(patient);
}

}  // namespace
}  // namespace evo::test
