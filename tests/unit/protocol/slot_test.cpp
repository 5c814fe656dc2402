// SPDX-License-Identifier: Apache-2.0
#include "evo/format/slot.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>

namespace evo::test {
namespace {

ChannelDescription channel_of(std::size_t size, std::size_t alignment, Stamp stamp,
                              Checksum checksum) {
  ChannelDescription channel;
  channel.size = size;
  channel.alignment = alignment;
  channel.stamp = stamp;
  channel.checksum = checksum;
  return channel;
}

struct Case {
  std::size_t size;
  std::size_t alignment;
  Stamp stamp;
  Checksum checksum;
  std::uint32_t payload_offset;
  std::uint64_t stride;
};

TEST(SlotGeometry, PlacesThePayload) {
  constexpr Stamp kNone = Stamp::None;
  constexpr Stamp kTime = Stamp::Monotonic;
  const Case cases[] = {
      {1, 1, kNone, Checksum::None, 8, 64},
      {56, 8, kNone, Checksum::None, 8, 64},  // in one line with its version
      {57, 8, kNone, Checksum::None, 8, 128},
      {48, 8, kTime, Checksum::None, 16, 64},
      {49, 8, kTime, Checksum::None, 16, 128},
      {40, 8, kTime, Checksum::Crc32c, 24, 64},
      {48, 8, kNone, Checksum::Crc32c, 16, 64},
      {48, 16, kNone, Checksum::None, 16, 64},
      {32, 32, kTime, Checksum::Crc32c, 32, 64},
      {256, 8, kTime, Checksum::Crc32c, 24, 320},
      {257, 8, kNone, Checksum::None, 64, 384},  // a large one starts on a separate line
      {4097, 8, kTime, Checksum::Crc32c, 64, 4224},
      {std::size_t{1} << 30, 8, kNone, Checksum::None, 64, (std::uint64_t{1} << 30) + 64},
  };
  for (const Case& c : cases) {
    const SlotGeometry geometry =
        slot_geometry(channel_of(c.size, c.alignment, c.stamp, c.checksum));
    EXPECT_EQ(geometry.payload_offset, c.payload_offset) << c.size;
    EXPECT_EQ(geometry.stride, c.stride) << c.size;
    EXPECT_EQ(geometry.payload_size, c.size);
    EXPECT_EQ(geometry.payload_offset % c.alignment, 0U);
    EXPECT_EQ(geometry.stride % kCacheLine, 0U);
  }
}

TEST(SlotGeometry, GuardWordsDoNotMeetThePayload) {
  for (const Stamp stamp : {Stamp::None, Stamp::Monotonic}) {
    for (const Checksum checksum : {Checksum::None, Checksum::Crc32c}) {
      for (const std::size_t alignment : {1UL, 2UL, 4UL, 8UL, 16UL, 32UL}) {
        const SlotGeometry geometry = slot_geometry(channel_of(32, alignment, stamp, checksum));
        std::uint32_t end = 8;
        if (geometry.stamped) {
          EXPECT_EQ(geometry.stamp_offset(), end);
          end += 8;
        }
        if (geometry.checksummed) {
          EXPECT_EQ(geometry.checksum_offset(), end);
          end += 8;
        }
        EXPECT_GE(geometry.payload_offset, end);
      }
    }
  }
}

TEST(SlotGeometry, SlotsGoOnInTurnAcrossTheWrap) {
  for (std::uint32_t count = 2; count <= 64; ++count) {
    SlotGeometry geometry;
    geometry.count = count;
    const Sequence limit = geometry.sequence_limit();
    EXPECT_EQ(limit % count, 0U);
    EXPECT_GT(limit, (Sequence{1} << 63) - count);
    EXPECT_LE(limit, Sequence{1} << 63);
    EXPECT_EQ(geometry.index_of(limit - 1), count - 1);
    EXPECT_EQ(geometry.index_of(0), 0U);
    for (const Sequence n : {Sequence{1}, Sequence{12345}, (Sequence{1} << 32) - 1, limit - 2}) {
      EXPECT_EQ(geometry.index_of(n), n % count);
      EXPECT_EQ(geometry.index_of(n + 1), (n + 1) % count);
    }
  }
}

TEST(SlotVersion, IsOddWhileFillingAndEvenWhenComplete) {
  EXPECT_EQ(detail::complete_version(0), 0U);
  EXPECT_EQ(detail::complete_version(1), 2U);
  EXPECT_EQ(detail::filling_version(1), 1U);
  EXPECT_EQ(detail::filling_version(7), 13U);
  EXPECT_EQ(detail::complete_version(7), 14U);
  EXPECT_EQ(detail::filling_version(0), kNeverFilled);
  EXPECT_EQ(kNeverFilled % 2, 1U);
}

class SlotProtocol : public testing::Test {
 protected:
  SlotProtocol() : geometry_(slot_geometry(channel_of(8, 8, Stamp::Monotonic, Checksum::Crc32c))) {
    word(0) = kNeverFilled;
  }

  [[nodiscard]] detail::WriterSlot writer() { return {memory_.data(), geometry_}; }
  [[nodiscard]] detail::ReaderSlot reader() { return {memory_.data(), geometry_}; }
  [[nodiscard]] std::uint64_t& word(std::size_t offset) {
    return *reinterpret_cast<std::uint64_t*>(memory_.data() + offset);
  }
  void fill(Sequence n, std::uint64_t value) {
    writer().begin(n);
    detail::copy_to_shared(writer().payload(), &value, sizeof value);
    writer().set_stamp(value + 1);
    writer().set_checksum(static_cast<std::uint32_t>(value + 2));
    writer().complete(n);
  }
  std::optional<std::uint64_t> read(Sequence n) {
    std::uint64_t value = 0;
    const bool whole = reader().try_read(n, [&](const detail::ReaderSlot& slot) {
      detail::copy_from_shared(&value, slot.payload(), sizeof value);
    });
    return whole ? std::optional(value) : std::nullopt;
  }

  SlotGeometry geometry_;
  alignas(64) std::array<std::byte, 64> memory_{};
};

TEST_F(SlotProtocol, WordsStandWhereTheFormatSays) {
  fill(3, 0x1122334455667788);
  EXPECT_EQ(word(0), 6U);
  EXPECT_EQ(word(8), 0x1122334455667789U);
  EXPECT_EQ(word(16), 0x5566778aU) << "four bytes of checksum, then zeros";
  EXPECT_EQ(word(24), 0x1122334455667788U);
  EXPECT_EQ(reader().stamp_ns(), 0x1122334455667789U);
  EXPECT_EQ(reader().checksum(), 0x5566778aU);
}

TEST_F(SlotProtocol, OnlyExactlyThePublishAskedForIsRead) {
  EXPECT_TRUE(reader().never_filled());
  EXPECT_EQ(read(0), std::nullopt);
  fill(4, 44);
  EXPECT_FALSE(reader().never_filled());
  EXPECT_EQ(read(4), 44U);
  EXPECT_EQ(read(3), std::nullopt);
  EXPECT_EQ(read(5), std::nullopt);
  EXPECT_EQ(read(8), std::nullopt) << "an even version is not enough: it is of an older publish";
  writer().begin(8);
  EXPECT_EQ(word(0), 15U);
  EXPECT_EQ(read(4), std::nullopt);
  EXPECT_EQ(read(8), std::nullopt);
}

TEST_F(SlotProtocol, CopyOvertakenByTheWriterIsDiscarded) {
  fill(4, 44);
  const auto overtaken_by = [&](auto&& writer_step) {
    return reader().try_read(4, [&](const detail::ReaderSlot&) { writer_step(); });
  };
  EXPECT_FALSE(overtaken_by([&] { writer().begin(8); })) << "still being filled";
  fill(4, 44);
  EXPECT_FALSE(overtaken_by([&] { fill(8, 88); })) << "filled again";
  fill(4, 44);
  EXPECT_TRUE(overtaken_by([] {}));
}

TEST_F(SlotProtocol, NothingIsCopiedOfAnotherPublish) {
  fill(4, 44);
  bool copied = false;
  EXPECT_FALSE(reader().try_read(8, [&](const detail::ReaderSlot&) { copied = true; }));
  EXPECT_FALSE(copied);
}

}  // namespace
}  // namespace evo::test
