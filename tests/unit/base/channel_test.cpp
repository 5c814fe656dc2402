// SPDX-License-Identifier: Apache-2.0
#include "evo/channel.hpp"

#include <gtest/gtest.h>

#include <bulk.evo.hpp>
#include <counter.evo.hpp>
#include <probe.evo.hpp>

namespace evo::test {
namespace {

TEST(Channel, SchemaIdReadsAndPrintsHexadecimal) {
  constexpr std::string_view kHex =
      "00ff1020304050607080900a0b0c0d0e0fa0b0c0d0e0f0112233445566778899";
  constexpr SchemaId kId = SchemaId::from_hex(kHex);
  static_assert(kId.bytes[0] == 0x00 && kId.bytes[1] == 0xff && kId.bytes[31] == 0x99);
  EXPECT_EQ(kId.hex(), kHex);
  EXPECT_EQ(SchemaId{}.hex(), std::string(64, '0'));
  EXPECT_NE(kId, SchemaId{});
}

TEST(Channel, VersionsCompareMajorFirst) {
  EXPECT_LT((LayoutVersion{1, 9}), (LayoutVersion{2, 0}));
  EXPECT_LT((LayoutVersion{1, 0}), (LayoutVersion{1, 1}));
  EXPECT_EQ((LayoutVersion{}), (LayoutVersion{1, 0}));
}

TEST(Channel, DescriptionCarriesWhatTheSchemaSays) {
  using namespace std::chrono_literals;
  const ChannelDescription probe = describe<probe::ProbeChannel>();
  EXPECT_EQ(probe.name, "probe");
  EXPECT_EQ(probe.owner, "probe_writer");
  EXPECT_EQ(probe.kind, Kind::State);
  EXPECT_EQ(probe.size, 48U);
  EXPECT_EQ(probe.alignment, 8U);
  EXPECT_EQ(probe.slots, 4U);
  EXPECT_EQ(probe.max_readers, 128U);
  EXPECT_EQ(probe.period, 1ms);
  EXPECT_EQ(probe.max_age, 1s);
  EXPECT_EQ(probe.stamp, Stamp::Monotonic);
  EXPECT_EQ(probe.checksum, Checksum::None);
  EXPECT_EQ(probe.access, Access::Owner);
  EXPECT_EQ(probe.version, (LayoutVersion{1, 0}));
  EXPECT_TRUE(probe.compatible.empty());
  EXPECT_FALSE(probe.bfbs.empty());
  EXPECT_NE(probe.schema_id, SchemaId{});
  ASSERT_EQ(probe.fields.size(), 5U);
  EXPECT_EQ(probe.fields[3].name, "forces");
  EXPECT_EQ(probe.fields[3].offset, 24U);
  EXPECT_EQ(probe.fields[3].size, 16U);
  EXPECT_EQ(probe.fields[3].unit, "N");
  EXPECT_EQ(probe.fields[3].minimum, "-100");
  EXPECT_EQ(probe.fields[3].maximum, "100");

  const ChannelDescription bulk = describe<probe::BulkChannel>();
  EXPECT_EQ(bulk.slots, 3U);
  EXPECT_EQ(bulk.stamp, Stamp::None);
  EXPECT_EQ(bulk.checksum, Checksum::Crc32c);
  EXPECT_EQ(bulk.max_age, 0ns);
}

TEST(Channel, IsFoundByThePayloadType) {
  static_assert(HasChannel<probe::Probe> && HasChannel<probe::Counter>);
  static_assert(!HasChannel<probe::Point> && !HasChannel<int>);
  static_assert(std::is_same_v<ChannelOf<probe::Probe>, probe::ProbeChannel>);
}

TEST(Channel, OnlyTheOwnerMayWrite) {
  static_assert(may_write("hal_core", "hal_core"));
  static_assert(!may_write("hal", "hal_core") && !may_write("hal_core", "hal"));
  static_assert(may_write("", "hal_core"), "a target that names no module may write everything");
  static_assert(FixedString("abc").view() == "abc" && FixedString("").view().empty());
  static_assert(kThisModule.view().empty());
}

}  // namespace
}  // namespace evo::test
