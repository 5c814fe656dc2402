// SPDX-License-Identifier: Apache-2.0
/// Reading values without attaching.
#include <gtest/gtest.h>
#include <alarm.evo.hpp>
#include <probe.evo.hpp>

#include "evo/format.hpp"
#include "evo/passive_reader.hpp"
#include "evo/segment_info.hpp"
#include "file_bytes.hpp"
#include "outcome.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class Passive : public testing::Test {
 protected:
  [[nodiscard]] Domain domain() const { return directory_.domain(); }
  [[nodiscard]] RawStateWriter make_writer() const {
    return RawStateWriter::create(channel_, {.domain = domain()}).value();
  }
  [[nodiscard]] std::filesystem::path control() const {
    return directory_.path() / "evo_probe.ctl";
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 8);
};

std::string number_of(PassiveReader& reader) {
  std::uint64_t number = 0;
  const auto info = reader.read(std::as_writable_bytes(std::span(&number, 1)));
  return info ? fmt::format("{} of {}", number, info->sequence)
              : std::string(to_string(info.error()));
}

TEST_F(Passive, ReadsWhatIsWrittenAndLeavesNoTrace) {
  auto writer = make_writer();
  const auto before = read_bytes(control());
  auto reader = PassiveReader::open(domain(), "probe").value();
  EXPECT_EQ(number_of(reader), "NeverWritten");
  writer.write(bytes_of(std::uint64_t{41}));
  writer.write(bytes_of(std::uint64_t{42}));
  EXPECT_EQ(number_of(reader), "42 of 2");
  EXPECT_EQ(reader.sequence(), 2U);
  EXPECT_EQ(read_bytes(control()), before) << "the control file has changed";
  EXPECT_TRUE(inspect_segment(domain(), "probe")->readers.empty());
}

TEST_F(Passive, WorksWhereTheReaderTableIsFull) {
  channel_.max_readers = 1;
  auto writer = make_writer();
  writer.write(bytes_of(std::uint64_t{42}));
  const auto reader = RawStateReader::attach("probe", {.domain = domain()});
  ASSERT_EQ(outcome(RawStateReader::attach("probe", {.domain = domain()})), "ReaderTableFull");
  auto passive = PassiveReader::open(domain(), "probe").value();
  EXPECT_EQ(number_of(passive), "42 of 1");
}

TEST_F(Passive, ReadsOnAfterTheWritersDeathAndItsSuccessor) {
  leave_orphan(domain(), channel_, 3);
  auto reader = PassiveReader::open(domain(), "probe").value();
  EXPECT_EQ(number_of(reader), "3 of 3");
  auto writer = make_writer();
  writer.write(bytes_of(std::uint64_t{4}));
  EXPECT_EQ(number_of(reader), "4 of 4");
}

TEST_F(Passive, IsDetachedWhenTheSegmentIsMadeAnew) {
  leave_orphan(domain(), channel_, 3);
  auto reader = PassiveReader::open(domain(), "probe").value();
  const auto writer =
      RawStateWriter::create(channel_, {.domain = domain(), .on_orphan = OnOrphan::Replace})
          .value();
  EXPECT_TRUE(reader.is_detached());
  EXPECT_EQ(number_of(reader), "Detached");
  std::uint64_t number = 0;
  const auto third = reader.read_at(3, std::as_writable_bytes(std::span(&number, 1)));
  ASSERT_FALSE(third);
  EXPECT_EQ(to_string(third.error()), "Detached");
}

TEST_F(Passive, GivesTheValuesThatSlotsStillHold) {
  auto writer = make_writer();
  for (std::uint64_t n = 1; n <= 10; ++n) writer.write(bytes_of(100 + n));
  auto reader = PassiveReader::open(domain(), "probe").value();
  const std::uint32_t slots = reader.layout().geometry.count;
  for (std::uint64_t n = 1; n <= 11; ++n) {
    std::uint64_t number = 0;
    const auto info = reader.read_at(n, std::as_writable_bytes(std::span(&number, 1)));
    EXPECT_EQ(info.has_value(), n > 10 - slots && n <= 10) << n;
    if (info) {
      EXPECT_EQ(number, 100 + n);
      EXPECT_EQ(reader.slot_version(static_cast<std::uint32_t>(n % slots)), 2 * n);
    }
  }
}

TEST_F(Passive, HoldsNoBlockedStreamBack) {
  auto writer = AlarmWriter::create({.domain = domain()}).value();
  auto reader = PassiveReader::open(domain(), "alarm").value();
  for (std::uint32_t i = 0; i < 20; ++i) EXPECT_TRUE(writer.push({.code = i})) << i;
  Alarm alarm;
  ASSERT_TRUE(reader.read(std::as_writable_bytes(std::span(&alarm, 1))));
  EXPECT_EQ(alarm.code, 19U);
}

TEST_F(Passive, OpensASegmentWhoseSchemaCannotBeUsed) {
  auto writer = probe::ProbeWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 5});
  const auto file = directory_.data_file();
  poke(file, peek<std::uint32_t>(file, offsetof(SegmentHeader, schema_offset)),
       std::uint32_t{0x7fffffff});
  EXPECT_EQ(outcome(RawStateReader::attach("probe", {.domain = domain()})), "InvalidSchema");
  auto reader = PassiveReader::open(domain(), "probe").value();
  probe::Probe value;
  ASSERT_TRUE(reader.read(std::as_writable_bytes(std::span(&value, 1))));
  EXPECT_EQ(value.cycle, 5U);
}

TEST_F(Passive, DamagedValuesAreToldApart) {
  channel_.checksum = Checksum::Crc32c;
  auto writer = make_writer();
  writer.write(bytes_of(std::uint64_t{7}));
  auto reader = PassiveReader::open(domain(), "probe").value();
  const SegmentLayout& layout = reader.layout();
  poke(directory_.data_file(),
       layout.slots_offset + layout.geometry.stride + layout.geometry.payload_offset,
       std::uint64_t{8});
  EXPECT_EQ(number_of(reader), "ChecksumMismatch");
}

TEST_F(Passive, WhatIsNotThereIsSaid) {
  EXPECT_EQ(outcome(PassiveReader::open(domain(), "probe")), "NotFound");
  EXPECT_EQ(outcome(PassiveReader::open(domain(), "Probe")), "InvalidName");
  std::optional<RawStateWriter> writer(make_writer());
  const auto reader = RawStateReader::attach("probe", {.domain = domain()});
  writer.reset();
  EXPECT_EQ(outcome(PassiveReader::open(domain(), "probe")), "NotFound") << "closed";
}

TEST_F(Passive, ForkedChildReadsOn) {
  auto writer = make_writer();
  writer.write(bytes_of(std::uint64_t{41}));
  auto reader = std::make_optional(PassiveReader::open(domain(), "probe").value());
  const ChildResult child = in_child([&]() -> std::string {
    std::string read = number_of(*reader);
    reader.reset();
    return read;
  });
  EXPECT_EQ(child.text, "41 of 1");
  EXPECT_EQ(child.status, 0);
  EXPECT_EQ(number_of(*reader), "41 of 1");
}

TEST_F(Passive, IsDetachedWhenTheSegmentWasClosedAndMadeAgain) {
  auto writer = std::make_optional(make_writer());
  auto reader = PassiveReader::open(domain(), "probe").value();
  EXPECT_FALSE(reader.is_detached());
  writer.reset();
  writer.emplace(make_writer());
  EXPECT_TRUE(reader.is_detached());
  EXPECT_EQ(number_of(reader), "Detached");
}

}  // namespace
}  // namespace evo::test
