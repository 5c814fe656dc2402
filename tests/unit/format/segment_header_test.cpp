// SPDX-License-Identifier: Apache-2.0
/// The format of the data file, byte by byte, and what is refused about it.
#include "evo/format/segment_header.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <ostream>

#include "bytes.hpp"
#include "evo/format/control_file.hpp"
#include "file_bytes.hpp"
#include "schema_builder.hpp"
#include "sealed_header.hpp"
#include "segments.hpp"
#include "system/process_identity.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr SchemaId kId =
    SchemaId::from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
constexpr SchemaId kOlderId =
    SchemaId::from_hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfefff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
constexpr CompatibleLayout kOlder[] = {{kOlderId, {3, 3}, 80, 2}};

/// Every attribute different from its default.
struct FormatChannel {
  FormatChannel()
      : bfbs(build_schema({{.name = "evo.test.Format",
                            .size = 100,
                            .alignment = 4,
                            .fields = {{.name = "x", .offset = 0, .type = reflection::Float}},
                            .segment = "format"}})) {
    description.name = "format";
    description.owner = "tester";
    description.size = 100;
    description.alignment = 4;
    description.slots = 3;
    description.max_readers = 5;
    description.period = std::chrono::milliseconds(1);
    description.max_age = std::chrono::seconds(7);
    description.stamp = Stamp::Monotonic;
    description.checksum = Checksum::Crc32c;
    description.version = {3, 4};
    description.schema_id = kId;
    description.compatible = kOlder;
    description.bfbs = bfbs;
  }

  Bfbs bfbs;
  ChannelDescription description;
};

Bytes bytes(std::initializer_list<unsigned> values) {
  Bytes all;
  for (const unsigned value : values) all.push_back(static_cast<std::byte>(value));
  return all;
}

template <class T>
Bytes little_endian(T value) {
  Bytes all;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    all.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xffU));
  }
  return all;
}

Bytes part(const Bytes& file, std::size_t offset, std::size_t size) {
  return {file.begin() + static_cast<long>(offset),
          file.begin() + static_cast<long>(offset + size)};
}

TEST(SegmentFormat, EveryFieldOfTheHeaderStandsAtItsOffset) {
  const TemporaryDomain directory;
  const FormatChannel channel;
  const std::uint64_t before_ns = monotonic_ns();
  const std::uint64_t before_realtime_ns = detail::realtime_ns();
  auto writer = RawStateWriter::create(channel.description, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  writer->write(bytes_of(std::uint64_t{0x1111111111111111}));
  writer->write(bytes_of(std::uint64_t{0x2222222222222222}));

  const std::uint64_t incarnation = writer->incarnation();
  const Bytes file = read_bytes(directory.data_file());
  const std::size_t schema_size = channel.bfbs.size();
  const std::size_t compatible_offset = (256 + schema_size + 7) / 8 * 8;
  ASSERT_LE(compatible_offset + 48, 4096U);
  ASSERT_EQ(file.size(), 8192U) << "a page of header and schema, a page of three small slots";

  struct Expected {
    std::size_t offset;
    Bytes value;
    const char* what;
  };
  const std::vector<Expected> table = {
      {0, bytes({'E', 'V', 'O', '_', 'S', 'H', 'M', 0}), "magic"},
      {8, bytes({4, 0, 0, 0, 0, 0, 0, 0}), "version: two publishes"},
      {16, little_endian(static_cast<std::uint32_t>(::getpid())), "writer_pid"},
      {20, Bytes(4), "zero"},
      {24, bytes({0x00, 0x20, 0, 0, 0, 0, 0, 0}), "size"},
      {52, Bytes(12), "zero"},
      {64, little_endian(incarnation), "generation"},
      {96, Bytes(32), "zero"},
      {128, bytes({2, 0}), "format"},
      {130, bytes({2, 0}), "format_min"},
      {132, bytes({1, 0, 1, 1}), "kind state, overflow overwrite, stamp, crc32c"},
      {136,
       Bytes(reinterpret_cast<const std::byte*>(kId.bytes.data()),
             reinterpret_cast<const std::byte*>(kId.bytes.data()) + 32),
       "schema_id"},
      {168, bytes({3, 0, 0, 0}), "slots"},
      {172, bytes({24, 0, 0, 0}), "payload_offset"},
      {176, bytes({100, 0, 0, 0, 0, 0, 0, 0}), "payload_size"},
      {184, bytes({128, 0, 0, 0, 0, 0, 0, 0}), "stride"},
      {192, bytes({0x00, 0x10, 0, 0, 0, 0, 0, 0}), "slots_offset"},
      {200, bytes({0x00, 0x01, 0, 0}), "schema_offset"},
      {204, little_endian(static_cast<std::uint32_t>(schema_size)), "schema_size"},
      {208, little_endian(static_cast<std::uint32_t>(compatible_offset)), "compatible_offset"},
      {212, bytes({1, 0, 0, 0}), "compatible_count"},
      {216, bytes({0x40, 0x42, 0x0f, 0, 0, 0, 0, 0}), "period_ns: 1 ms"},
      {224, bytes({0x00, 0x86, 0x3b, 0xa1, 0x01, 0, 0, 0}), "max_age_ns: 7 s"},
      {232, bytes({5, 0, 0, 0}), "max_readers"},
      {236, bytes({3, 0, 4, 0}), "version 3.4"},
      {240, bytes({4, 0, 0, 0}), "payload_alignment"},
      {244, Bytes(12), "zero"},
  };
  for (const Expected& expected : table) {
    EXPECT_EQ(part(file, expected.offset, expected.value.size()), expected.value)
        << expected.what << " at " << expected.offset;
  }

  const std::uint64_t after_ns = monotonic_ns();
  const auto created_ns = peek<std::uint64_t>(file, 32);
  EXPECT_TRUE(before_ns <= created_ns && created_ns <= after_ns);
  const auto last_write_ns = peek<std::uint64_t>(file, 40);
  EXPECT_TRUE(created_ns <= last_write_ns && last_write_ns <= after_ns);
  const auto created_realtime_ns = peek<std::uint64_t>(file, 88);
  EXPECT_TRUE(before_realtime_ns <= created_realtime_ns &&
              created_realtime_ns <= detail::realtime_ns());
  EXPECT_EQ((peek<std::array<std::uint8_t, 16>>(file, 72)), detail::boot_id().bytes);

  Bytes sealed = file;
  seal_header(sealed);
  EXPECT_EQ(part(sealed, 48, 4), part(file, 48, 4)) << "checksum";
}

TEST(SegmentFormat, SchemaAndCompatibleLayoutsFollowTheHeader) {
  const TemporaryDomain directory;
  const FormatChannel channel;
  auto writer = RawStateWriter::create(channel.description, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  const Bytes file = read_bytes(directory.data_file());
  const auto* schema = reinterpret_cast<const std::byte*>(channel.bfbs.data());
  EXPECT_EQ(part(file, 256, channel.bfbs.size()), Bytes(schema, schema + channel.bfbs.size()));

  const std::size_t entry = peek<std::uint32_t>(file, 208);
  EXPECT_EQ((peek<std::array<std::uint8_t, 32>>(file, entry)), kOlderId.bytes);
  EXPECT_EQ(part(file, entry + 32, 4), bytes({3, 0, 3, 0})) << "version 3.3";
  EXPECT_EQ(part(file, entry + 36, 4), bytes({2, 0, 0, 0})) << "field_count";
  EXPECT_EQ(part(file, entry + 40, 8), bytes({80, 0, 0, 0, 0, 0, 0, 0})) << "size";
  for (std::size_t i = entry + 48; i < 4096; ++i) ASSERT_EQ(file[i], std::byte{0}) << i;
}

TEST(SegmentFormat, SlotsFollowOnPagesOfTheirOwn) {
  const TemporaryDomain directory;
  const FormatChannel channel;
  auto writer = RawStateWriter::create(channel.description, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  const auto slot = [&](std::size_t index) { return 4096 + 128 * index; };
  {
    const Bytes file = read_bytes(directory.data_file());
    for (const std::size_t index : {0U, 1U, 2U}) {
      EXPECT_EQ(part(file, slot(index), 8), Bytes(8, std::byte{0xff})) << "never filled";
      EXPECT_EQ(part(file, slot(index) + 8, 120), Bytes(120)) << index;
    }
  }
  const Bytes value(100, std::byte{0x5a});
  for (int publish = 1; publish <= 3; ++publish) writer->write(value);
  const Bytes file = read_bytes(directory.data_file());
  EXPECT_EQ(peek<std::uint64_t>(file, slot(1)), 2U);
  EXPECT_EQ(peek<std::uint64_t>(file, slot(2)), 4U);
  EXPECT_EQ(peek<std::uint64_t>(file, slot(0)), 6U);
  const std::uint32_t crc = crc32c(value.data(), value.size());
  for (const std::size_t index : {0U, 1U, 2U}) {
    EXPECT_EQ(part(file, slot(index) + 16, 4), little_endian(crc));
    EXPECT_EQ(part(file, slot(index) + 20, 4), Bytes(4));
    EXPECT_EQ(part(file, slot(index) + 24, 100), value);
    EXPECT_EQ(part(file, slot(index) + 124, 4), Bytes(4));
  }
  EXPECT_EQ(peek<std::uint64_t>(file, slot(0) + 8), peek<std::uint64_t>(file, 40))
      << "the last slot's stamp is the header's last_write_ns";
}

TEST(SegmentFormat, SmallestSegmentIsTwoPages) {
  const TemporaryDomain directory;
  auto writer = RawStateWriter::create("tiny", 1, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(read_bytes(directory.data_file()).size(), 8192U);
  EXPECT_EQ(directory.data_file().filename(), fmt::format("evo_untyped_tiny_{}", ::getpid()));
}

class ReadHeader : public testing::Test {
 protected:
  ReadHeader() : file_(8192) {
    auto layout = plan_layout(channel_.description);
    layout->generation = 9;
    layout->boot_id = detail::boot_id().bytes;
    layout->created_realtime_ns = 12345;
    planned_ = *layout;
    auto* header = new (file_.data()) SegmentHeader;
    detail::write_header(*header, planned_, 777);
  }

  [[nodiscard]] Result<SegmentLayout> read() const {
    return detail::read_header(file_, file_.size(), "/some/file");
  }

  FormatChannel channel_;
  SegmentLayout planned_;
  Bytes file_;
};

TEST_F(ReadHeader, GivesBackWhatWasWritten) {
  const auto found = read();
  ASSERT_TRUE(found) << message_of(found);
  EXPECT_EQ(*found, planned_);
}

TEST_F(ReadHeader, TheMutableFieldsDoNotCount) {
  forge(file_, 8, std::uint64_t{0x1234567890});
  const Bytes sealed = file_;
  detail::write_header(*reinterpret_cast<SegmentHeader*>(file_.data()), planned_, 777);
  EXPECT_EQ(part(file_, 48, 4), part(sealed, 48, 4));
  std::memset(file_.data() + 16, 0xee, 4);
  std::memset(file_.data() + 40, 0xee, 8);
  EXPECT_EQ(outcome(read()), "ok");
}

TEST_F(ReadHeader, AnyOtherByteChangedIsNoticed) {
  for (std::size_t i = 0; i < sizeof(SegmentHeader); ++i) {
    if ((i >= 8 && i < 20) || (i >= 40 && i < 48)) continue;
    for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
      Bytes damaged = file_;
      damaged[i] ^= static_cast<std::byte>(flip);
      const auto found = detail::read_header(damaged, damaged.size(), "/some/file");
      ASSERT_FALSE(found) << "byte " << i;
      const bool in_format = i >= 128 && i < 132;
      EXPECT_TRUE(outcome(found) == "Corrupt" || (in_format && outcome(found) == "FormatMismatch"))
          << "byte " << i << ": " << message_of(found);
      EXPECT_TRUE(contains(message_of(found), "/some/file"));
    }
  }
}

TEST_F(ReadHeader, OtherFormatsAreNamed) {
  forge(file_, 130, std::uint16_t{3});
  forge(file_, 128, std::uint16_t{7});
  const auto found = read();
  EXPECT_EQ(outcome(found), "FormatMismatch");
  EXPECT_TRUE(contains(message_of(found), "format 7 (oldest compatible format: 3)"))
      << message_of(found);
  forge(file_, 128, std::uint16_t{0});
  EXPECT_EQ(outcome(read()), "FormatMismatch");
  forge(file_, 130, std::uint16_t{2});
  forge(file_, 128, std::uint16_t{7});
  EXPECT_EQ(outcome(read()), "ok") << "newer, but it says that we can read it";
  forge(file_, 128, std::uint32_t{0x00010001});
  EXPECT_EQ(outcome(read()), "FormatMismatch") << "older";
  forge(file_, 128, std::uint32_t{0x00020007});
  forge(file_, 0, std::uint64_t{0x45564f5f53484d00U});
  EXPECT_EQ(outcome(read()), "FormatMismatch") << "the magic of format 1";
  forge(file_, 128, std::uint32_t{0x00010001});
  EXPECT_EQ(outcome(read()), "FormatMismatch");
}

TEST_F(ReadHeader, ShortFilesAreRefused) {
  for (const std::size_t size : {0UL, 1UL, 8UL, 255UL}) {
    const Bytes cut(file_.begin(), file_.begin() + static_cast<long>(size));
    EXPECT_EQ(outcome(detail::read_header(cut, size, "f")), "Corrupt") << size;
  }
  EXPECT_EQ(outcome(detail::read_header(file_, 4095, "f")), "Corrupt");
  EXPECT_EQ(outcome(detail::read_header(file_, 4096, "f")), "Corrupt") << "the header says 8192";
  EXPECT_EQ(outcome(detail::read_header(file_, 12288, "f")), "Corrupt");
}

TEST_F(ReadHeader, FilesBeyondTheLimitsAreRefusedEvenIfTheHeaderSaysTheSame) {
  EXPECT_EQ(outcome(detail::read_header(std::span(file_).first(255), 8192, "f")), "Corrupt");
  for (const std::uint64_t size : {std::uint64_t{8193}, (std::uint64_t{1} << 30) + 4096}) {
    forge(file_, 24, size);
    const auto found = detail::read_header(file_, size, "f");
    EXPECT_EQ(outcome(found), "Corrupt") << size;
  }
  const Bytes header(file_.begin(), file_.begin() + 256);
  EXPECT_TRUE(contains(message_of(detail::read_header(header, 256, "f")), "header page"));
}

TEST_F(ReadHeader, CapacityMustBeAPowerOfTwo) {
  file_[132] = std::byte{2};
  seal_header(file_);
  EXPECT_TRUE(read()) << "three slots are a stream of two";
  file_[168] = std::byte{4};
  seal_header(file_);
  EXPECT_TRUE(contains(message_of(read()), "power of two"));
  for (const std::uint32_t slots : {2U, 1U, (1U << 21) + 1}) {
    forge(file_, 168, slots);
    EXPECT_TRUE(contains(message_of(read()), "power of two")) << slots;
  }
}

struct Forgery {
  const char* what;
  std::size_t offset;
  std::size_t width;
  std::uint64_t value;
  const char* message;
};

void PrintTo(const Forgery& forgery, std::ostream* out) {
  *out << forgery.what;
}

class ForgedHeader : public ReadHeader, public testing::WithParamInterface<Forgery> {};

TEST_P(ForgedHeader, IsRefusedAlthoughItsChecksumIsRight) {
  const Forgery& forgery = GetParam();
  std::memcpy(file_.data() + forgery.offset, &forgery.value, forgery.width);
  seal_header(file_);
  const auto found = read();
  EXPECT_EQ(outcome(found), "Corrupt");
  EXPECT_TRUE(contains(message_of(found), forgery.message)) << message_of(found);
}

constexpr std::uint64_t kHuge = ~std::uint64_t{0};

INSTANTIATE_TEST_SUITE_P(
    Fields, ForgedHeader,
    testing::Values(
        Forgery{"Magic", 0, 8, kControlMagic, "magic"},
        Forgery{"SizeTooSmall", 24, 8, 4096, "its size is"},
        Forgery{"SizeTooLarge", 24, 8, kHuge, "its size is"}, Forgery{"Kind0", 132, 1, 0, "kind"},
        Forgery{"Kind4", 132, 1, 4, "kind"}, Forgery{"Kind255", 132, 1, 255, "kind"},
        Forgery{"Slots0", 168, 4, 0, "slot count"}, Forgery{"Slots1", 168, 4, 1, "slot count"},
        Forgery{"Slots65", 168, 4, 65, "slot count"},
        Forgery{"SlotsHuge", 168, 4, 0xffffffff, "slot count"},
        Forgery{"SlotsBeyondTheFile", 168, 4, 33, "slots do not lie within the file"},
        Forgery{"PayloadOffset0", 172, 4, 0, "payload offset"},
        Forgery{"PayloadOffsetInTheGuard", 172, 4, 16, "payload offset"},
        Forgery{"PayloadOffsetUneven", 172, 4, 28, "payload offset"},
        Forgery{"PayloadOffset72", 172, 4, 72, "payload offset"},
        Forgery{"PayloadOffsetHuge", 172, 4, 0xfffffff8, "payload offset"},
        Forgery{"PayloadSize0", 176, 8, 0, "payload size"},
        Forgery{"PayloadSizeHuge", 176, 8, kHuge, "payload size"},
        Forgery{"PayloadSizeBeyondTheStride", 176, 8, 105, "stride"},
        Forgery{"Stride0", 184, 8, 0, "stride"}, Forgery{"Stride64", 184, 8, 64, "stride"},
        Forgery{"StrideUneven", 184, 8, 136, "stride"},
        Forgery{"StrideBeyondTheFile", 184, 8, 4096, "slots do not lie within the file"},
        Forgery{"StrideThatOverflows", 184, 8, std::uint64_t{1} << 63, "stride"},
        Forgery{"StrideHuge", 184, 8, kHuge - 63, "stride"},
        Forgery{"SlotsOffset0", 192, 8, 0, "slots do not lie within the file"},
        Forgery{"SlotsOffsetUneven", 192, 8, 4097, "slots do not lie within the file"},
        Forgery{"SlotsOffsetAtTheEnd", 192, 8, 8192, "slots do not lie within the file"},
        Forgery{"SlotsOffsetHuge", 192, 8, kHuge - 4095, "slots do not lie within the file"},
        Forgery{"SchemaOffsetInTheHeader", 200, 4, 255, "schema does not lie"},
        Forgery{"SchemaOffsetInTheSlots", 200, 4, 4096, "schema does not lie"},
        Forgery{"SchemaOffsetHuge", 200, 4, 0xffffffff, "schema does not lie"},
        Forgery{"SchemaSizeBeyondTheSlots", 204, 4, 3841, "schema does not lie"},
        Forgery{"SchemaSizeHuge", 204, 4, 0xffffffff, "schema is too large"},
        Forgery{"SchemaOverCompatible", 204, 4, 3840, "compatible layouts"},
        Forgery{"CompatibleOffset0", 208, 4, 0, "compatible layouts"},
        Forgery{"CompatibleInTheSchema", 208, 4, 256, "compatible layouts"},
        Forgery{"CompatibleUneven", 208, 4, 2001, "compatible layouts"},
        Forgery{"CompatibleReachesTheSlots", 208, 4, 4056, "compatible layouts"},
        Forgery{"CompatibleHuge", 208, 4, 0xfffffff8, "compatible layouts"},
        Forgery{"CompatibleCountHuge", 212, 4, 0xffffffff, "too many compatible layouts"},
        Forgery{"MaxReaders0", 232, 4, 0, "max_readers"},
        Forgery{"MaxReadersHuge", 232, 4, 10241, "max_readers"},
        Forgery{"Alignment0", 240, 4, 0, "alignment is not a power of two"},
        Forgery{"Alignment6", 240, 4, 6, "alignment is not a power of two"},
        Forgery{"Alignment128", 240, 4, 128, "alignment is not a power of two"},
        Forgery{"AlignmentThatTheOffsetLacks", 240, 4, 16, "not a multiple of the alignment"}),
    [](const auto& parameter) { return std::string(parameter.param.what); });

class LinkHeader : public testing::Test {
 protected:
  LinkHeader() {
    channel_.name = "link";
    channel_.owner = "server";
    channel_.kind = Kind::Link;
    channel_.size = 4096;
    channel_.slots = 2;
    channel_.stamp = Stamp::None;
    planned_ = plan_layout(channel_).value();
    file_.resize(planned_.file_size);
    detail::write_header(*new (file_.data()) SegmentHeader, planned_, 777);
  }

  [[nodiscard]] Result<SegmentLayout> read() const {
    return detail::read_header(file_, file_.size(), "/some/file");
  }

  ChannelDescription channel_;
  SegmentLayout planned_;
  Bytes file_;
};

class ForgedLink : public LinkHeader, public testing::WithParamInterface<Forgery> {};

TEST_F(LinkHeader, ItsConnectionsFollowTwoPagesOfItsOwn) {
  const auto found = read();
  ASSERT_TRUE(found) << message_of(found);
  EXPECT_EQ(found->slots_offset, 3U * 4096);
  EXPECT_EQ(found->geometry.stride, 4U * 4096) << "two pages and two rings";
  EXPECT_EQ(found->file_size, 11U * 4096);
  EXPECT_EQ(found->capacity(), 2U);
}

TEST_P(ForgedLink, IsRefusedAlthoughItsChecksumIsRight) {
  const Forgery& forgery = GetParam();
  std::memcpy(file_.data() + forgery.offset, &forgery.value, forgery.width);
  seal_header(file_);
  const auto found = read();
  EXPECT_EQ(outcome(found), "Corrupt");
  EXPECT_TRUE(contains(message_of(found), forgery.message)) << message_of(found);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ForgedLink,
    testing::Values(Forgery{"Connections0", 168, 4, 0, "number of connections"},
                    Forgery{"Connections1025", 168, 4, 1025, "number of connections"},
                    Forgery{"Ring2048", 176, 8, 2048, "size of the rings"},
                    Forgery{"Ring12288", 176, 8, 12288, "size of the rings"},
                    Forgery{"Ring32MiB", 176, 8, std::uint64_t{32} << 20, "size of the rings"},
                    Forgery{"StrideTooSmall", 184, 8, 8192, "size of a connection"},
                    Forgery{"PagesOverTheHeader", 192, 8, 8192, "pages of a link"},
                    Forgery{"PagesOverTheSchema", 208, 4, 4104, "pages of a link"}),
    [](const auto& parameter) { return std::string(parameter.param.what); });

}  // namespace
}  // namespace evo::test
