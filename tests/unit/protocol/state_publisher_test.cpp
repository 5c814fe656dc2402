// SPDX-License-Identifier: Apache-2.0
/// Publishing, and finding the last complete publish of a dead writer.
#include "evo/detail/state_publisher.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <ostream>

#include "memory_segment.hpp"
#include "segments.hpp"

namespace evo::test {
namespace {

using detail::complete_version;
using detail::filling_version;
using detail::find_last_complete;

ChannelDescription unstamped(std::uint32_t slots) {
  ChannelDescription channel = raw_channel("memory", 8, slots);
  channel.stamp = Stamp::None;
  return channel;
}

WriteResult publish(detail::StatePublisher& publisher, const SlotGeometry& geometry,
                    std::uint64_t value) {
  return publisher.publish(
      geometry, [&](std::byte* payload) { detail::copy_to_shared(payload, &value, sizeof value); });
}

std::uint64_t payload_of(const MemorySegment& segment, std::uint32_t slot) {
  std::uint64_t value = 0;
  const SlotGeometry geometry = slot_geometry(unstamped(2));
  std::memcpy(
      &value,
      reinterpret_cast<const std::byte*>(&segment.version_of(slot)) + geometry.payload_offset,
      sizeof value);
  return value;
}

std::optional<Sequence> find(MemorySegment& segment) {
  return find_last_complete(segment.header(), segment.slots(), segment.geometry());
}

TEST(StatePublisher, PublishNGoesToSlotNModuloSlots) {
  for (const std::uint32_t slots : {2U, 3U, 4U, 7U, 64U}) {
    MemorySegment segment(unstamped(slots));
    detail::StatePublisher publisher = segment.publisher();
    EXPECT_EQ(publisher.sequence(), 0U);
    for (Sequence n = 1; n <= 3 * slots; ++n) {
      ASSERT_TRUE(publish(publisher, segment.geometry(), n * 10));
      EXPECT_EQ(publisher.sequence(), n);
      EXPECT_EQ(segment.header().version, complete_version(n));
      const auto slot = static_cast<std::uint32_t>(n % slots);
      EXPECT_EQ(segment.version_of(slot), complete_version(n));
      EXPECT_EQ(payload_of(segment, slot), n * 10);
      for (std::uint32_t back = 1; back < slots && back <= n; ++back) {
        const Sequence older = n - back;
        const auto expected = older == 0 ? kNeverFilled : complete_version(older);
        EXPECT_EQ(segment.version_of(static_cast<std::uint32_t>(older % slots)), expected);
      }
    }
  }
}

TEST(StatePublisher, SlotIsOddWhileItIsFilledAndTheHeaderNever) {
  MemorySegment segment(unstamped(4));
  detail::StatePublisher publisher = segment.publisher();
  ASSERT_TRUE(publish(publisher, segment.geometry(), 1));
  ASSERT_TRUE(publisher.publish(segment.geometry(), [&](std::byte*) {
    EXPECT_EQ(segment.version_of(2), filling_version(2));
    EXPECT_EQ(segment.header().version, complete_version(1));
  }));
  EXPECT_EQ(segment.version_of(2), complete_version(2));
  EXPECT_EQ(segment.header().version, complete_version(2));
}

TEST(StatePublisher, NothingIsPublishedIfFillingThrows) {
  MemorySegment segment(unstamped(3));
  detail::StatePublisher publisher = segment.publisher();
  ASSERT_TRUE(publish(publisher, segment.geometry(), 1));
  EXPECT_THROW(static_cast<void>(publisher.publish(segment.geometry(),
                                                   [](std::byte*) { throw std::bad_alloc(); })),
               std::bad_alloc);
  EXPECT_EQ(publisher.sequence(), 1U);
  EXPECT_EQ(segment.header().version, complete_version(1));
  EXPECT_EQ(segment.version_of(2), filling_version(2)) << "not even: it is not whole";
  EXPECT_EQ(find(segment), 1U);
  ASSERT_TRUE(publish(publisher, segment.geometry(), 2));
  EXPECT_EQ(segment.version_of(2), complete_version(2));
}

TEST(StatePublisher, OtherIncarnationFencesItOff) {
  MemorySegment segment(unstamped(4));
  detail::StatePublisher publisher = segment.publisher();
  EXPECT_FALSE(publisher.is_fenced());
  segment.control().incarnation = 2;
  EXPECT_TRUE(publisher.is_fenced());
  bool filled = false;
  EXPECT_EQ(outcome(publisher.publish(segment.geometry(), [&](std::byte*) { filled = true; })),
            "Fenced");
  EXPECT_FALSE(filled) << "a slot may be the new writer's";
  EXPECT_EQ(segment.header().version, 0U);
  EXPECT_EQ(segment.version_of(1), kNeverFilled);
}

TEST(StatePublisher, BeginAndFinishAreAPublishInTwoParts) {
  MemorySegment segment(unstamped(4));
  detail::StatePublisher publisher = segment.publisher();
  std::byte* payload = publisher.begin(segment.geometry());
  const std::uint64_t value = 5;
  detail::copy_to_shared(payload, &value, sizeof value);
  EXPECT_EQ(segment.header().version, 0U);
  EXPECT_EQ(outcome(publisher.publish(segment.geometry(), [](std::byte*) { FAIL(); })), "LoanOut");
  EXPECT_EQ(outcome(publisher.finish(segment.geometry())), "ok");
  EXPECT_EQ(segment.header().version, 2U);
  EXPECT_EQ(payload_of(segment, 1), 5U);
}

TEST(StatePublisher, WhatIsAbandonedLeavesItsSlotToTheNextPublish) {
  MemorySegment segment(unstamped(4));
  detail::StatePublisher publisher = segment.publisher();
  static_cast<void>(publisher.begin(segment.geometry()));
  publisher.abandon();
  EXPECT_EQ(outcome(publisher.publish(segment.geometry(), [](std::byte*) {})), "ok");
  EXPECT_EQ(segment.version_of(1), detail::complete_version(1));
}

TEST(StatePublisher, FencedOffIsReportedBeforeALoan) {
  MemorySegment segment(unstamped(4));
  detail::StatePublisher publisher = segment.publisher();
  static_cast<void>(publisher.begin(segment.geometry()));
  segment.control().incarnation = 99;
  EXPECT_EQ(publisher.refusal(), WriteError::Fenced);
  EXPECT_EQ(outcome(publisher.finish(segment.geometry())), "Fenced");
}

TEST(StatePublisher, LastPayloadIsThatOfTheLastPublish) {
  MemorySegment segment(unstamped(3));
  detail::StatePublisher publisher = segment.publisher();
  const auto last = [&] {
    std::uint64_t value = 0;
    std::memcpy(&value, publisher.last_payload(segment.geometry()), sizeof value);
    return value;
  };
  EXPECT_EQ(last(), 0U) << "zeros before the first";
  for (const std::uint64_t value : {7U, 8U, 9U, 10U}) {
    ASSERT_TRUE(publish(publisher, segment.geometry(), value));
    EXPECT_EQ(last(), value);
  }
}

TEST(StatePublisher, StampsAndChecksumsEachValue) {
  ChannelDescription channel = raw_channel("memory", 8);
  channel.checksum = Checksum::Crc32c;
  MemorySegment segment(channel);
  detail::StatePublisher publisher = segment.publisher();
  const std::uint64_t before = monotonic_ns();
  const std::uint64_t value = 0x123456789;
  ASSERT_TRUE(publish(publisher, segment.geometry(), value));
  const detail::ReaderSlot slot(segment.slots() + segment.geometry().stride, segment.geometry());
  EXPECT_TRUE(before <= slot.stamp_ns() && slot.stamp_ns() <= monotonic_ns());
  EXPECT_EQ(slot.stamp_ns(), segment.header().last_write_ns);
  EXPECT_EQ(slot.checksum(), crc32c(&value, sizeof value));
}

struct Wrap {
  std::uint32_t slots;
  const char* name;
  Sequence start(const SlotGeometry& geometry) const {
    if (std::string_view(name) == "At32Bits") return (Sequence{1} << 32) - 3 * slots;
    if (std::string_view(name) == "At31Bits") return (Sequence{1} << 31) - 3 * slots;
    return geometry.sequence_limit() - 3 * slots;
  }
};

void PrintTo(const Wrap& wrap, std::ostream* out) {
  *out << wrap.slots << " slots, " << wrap.name;
}

class AcrossTheWrap : public testing::TestWithParam<Wrap> {};

TEST_P(AcrossTheWrap, EveryPublishIsReadAndFoundAgain) {
  const ChannelDescription channel = unstamped(GetParam().slots);
  const SlotGeometry geometry = slot_geometry(channel);
  const Sequence limit = geometry.sequence_limit();
  Sequence n = GetParam().start(geometry);
  MemorySegment segment(channel, n);
  detail::StatePublisher publisher = segment.publisher(n);
  const detail::StateObserver observer = segment.observer(0);
  EXPECT_EQ(find(segment), n);
  for (std::uint32_t i = 0; i < 7 * GetParam().slots; ++i) {
    const std::uint64_t value = i + 1;
    ASSERT_TRUE(publish(publisher, geometry, value));
    n = n + 1 == limit ? 0 : n + 1;
    ASSERT_EQ(publisher.sequence(), n);
    ASSERT_EQ(observer.version(), complete_version(n));
    ASSERT_EQ(segment.version_of(geometry.index_of(n)), complete_version(n));
    std::uint64_t got = 0;
    const auto read = observer.read([&](const detail::ReaderSlot& slot) {
      detail::copy_from_shared(&got, slot.payload(), sizeof got);
    });
    ASSERT_TRUE(read) << to_string(read.error());
    ASSERT_EQ(*read, n);
    ASSERT_EQ(got, value);
    ASSERT_EQ(find(segment), n);

    // If the writer is killed at any point of the next publish, this is found.
    const Sequence next = n + 1 == limit ? 0 : n + 1;
    detail::Word& word = segment.version_of(geometry.index_of(next));
    const std::uint64_t before = word;
    word = filling_version(next);
    ASSERT_EQ(find(segment), n) << "slot marked, not complete";
    word = complete_version(next);
    ASSERT_EQ(find(segment), next) << "slot complete, header still at the previous publish";
    word = before;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Counters, AcrossTheWrap,
    testing::Values(Wrap{2, "At31Bits"}, Wrap{2, "At32Bits"}, Wrap{2, "AtTheLimit"},
                    Wrap{3, "At31Bits"}, Wrap{3, "At32Bits"}, Wrap{3, "AtTheLimit"},
                    Wrap{4, "At31Bits"}, Wrap{4, "At32Bits"}, Wrap{4, "AtTheLimit"},
                    Wrap{7, "At31Bits"}, Wrap{7, "At32Bits"}, Wrap{7, "AtTheLimit"},
                    Wrap{64, "At31Bits"}, Wrap{64, "At32Bits"}, Wrap{64, "AtTheLimit"}),
    [](const auto& parameter) {
      return std::to_string(parameter.param.slots) + "Slots" + parameter.param.name;
    });

class FindLastComplete : public testing::TestWithParam<std::uint32_t> {
 protected:
  static constexpr Sequence kLast = 1000;

  FindLastComplete() : segment_(unstamped(GetParam()), kLast), slots_(GetParam()) {}

  [[nodiscard]] detail::Word& version_of(Sequence n) const {
    return segment_.version_of(segment_.geometry().index_of(n));
  }
  std::optional<Sequence> find_now() { return find(segment_); }

  MemorySegment segment_;
  Sequence slots_;
};

TEST_P(FindLastComplete, OfASoundSegmentIsWhatTheHeaderNames) {
  EXPECT_EQ(find_now(), kLast);
}

TEST_P(FindLastComplete, OfANewSegmentIsNothingYet) {
  MemorySegment fresh(unstamped(GetParam()));
  EXPECT_EQ(find(fresh), 0U);
  fresh.version_of(1) = filling_version(1);
  EXPECT_EQ(find(fresh), 0U) << "killed during the first publish";
  fresh.version_of(1) = complete_version(1);
  EXPECT_EQ(find(fresh), 1U) << "killed before it updated the header";
}

TEST_P(FindLastComplete, OddHeaderIsAContradiction) {
  segment_.header().version = complete_version(kLast) + 1;
  EXPECT_EQ(find_now(), std::nullopt);
}

TEST_P(FindLastComplete, HeaderAtTheLimitIsAContradiction) {
  // For powers of two this is 0 again, which is just as impossible with these slots.
  segment_.header().version = complete_version(segment_.geometry().sequence_limit());
  EXPECT_EQ(find_now(), std::nullopt);
}

TEST_P(FindLastComplete, HeaderAheadOfEverySlotIsAContradiction) {
  segment_.header().version = complete_version(kLast + 1);
  EXPECT_EQ(find_now(), std::nullopt);
  segment_.header().version = complete_version(kLast + slots_);
  EXPECT_EQ(find_now(), std::nullopt);
}

TEST_P(FindLastComplete, HeaderBehindBySeveralIsAContradiction) {
  // A writer may die with the header one publish behind, but never two.
  segment_.header().version = complete_version(kLast - 1);
  EXPECT_EQ(find_now(), kLast);
  segment_.header().version = complete_version(kLast - 2);
  EXPECT_EQ(find_now(), std::nullopt);
  segment_.header().version = 0;
  EXPECT_EQ(find_now(), std::nullopt);
}

TEST_P(FindLastComplete, PublishedSlotThatIsNotCompleteIsAContradiction) {
  version_of(kLast) = filling_version(kLast);
  EXPECT_EQ(find_now(), std::nullopt);
  version_of(kLast) = kNeverFilled;
  EXPECT_EQ(find_now(), std::nullopt);
  version_of(kLast) = complete_version(kLast - slots_);
  EXPECT_EQ(find_now(), std::nullopt);
}

TEST_P(FindLastComplete, NewSegmentWhoseHeaderCountsIsAContradiction) {
  MemorySegment fresh(unstamped(GetParam()));
  fresh.header().version = complete_version(1);
  EXPECT_EQ(find(fresh), std::nullopt);
}

TEST_P(FindLastComplete, VersionInAnothersSlotIsAContradiction) {
  version_of(kLast + 1) = complete_version(kLast + 2);
  EXPECT_EQ(find_now(), std::nullopt) << "even";
  version_of(kLast + 1) = filling_version(kLast + 2);
  EXPECT_EQ(find_now(), std::nullopt) << "odd";
}

TEST_P(FindLastComplete, SlotOfTheFutureIsAContradiction) {
  version_of(kLast + 1) = complete_version(kLast + 1 + slots_);
  EXPECT_EQ(find_now(), std::nullopt);
}

TEST_P(FindLastComplete, SlotOfAnEarlierRoundIsAContradiction) {
  version_of(kLast + 1) = complete_version(kLast + 1 - 2 * slots_);
  EXPECT_EQ(find_now(), std::nullopt);
}

TEST_P(FindLastComplete, VersionBeyondTheLimitIsAContradiction) {
  // For powers of two the limit is 0 again, and one before it marks a slot that was never filled.
  const Sequence limit = segment_.geometry().sequence_limit();
  segment_.version_of(0) = complete_version(limit);
  EXPECT_EQ(find_now(), std::nullopt);
  segment_.version_of(0) =
      filling_version(limit) == kNeverFilled ? filling_version(limit - 1) : filling_version(limit);
  EXPECT_EQ(find_now(), std::nullopt);
}

TEST_P(FindLastComplete, AnySingleVersionDamagedNeverInventsAPublish) {
  // Whatever one slot claims, the answer is a publish whose slot is complete, or none.
  const std::uint64_t values[] = {0,
                                  1,
                                  2,
                                  3,
                                  complete_version(kLast + 1),
                                  complete_version(kLast + 7),
                                  1999,
                                  2001,
                                  std::numeric_limits<std::uint64_t>::max() - 1,
                                  std::uint64_t{1} << 63};
  for (std::uint32_t slot = 0; slot < slots_; ++slot) {
    const std::uint64_t sound = segment_.version_of(slot);
    for (const std::uint64_t value : values) {
      segment_.version_of(slot) = value;
      if (const auto found = find_now()) {
        EXPECT_EQ(version_of(*found), complete_version(*found));
        EXPECT_TRUE(*found == kLast || *found == kLast + 1) << *found;
      }
    }
    segment_.version_of(slot) = sound;
  }
}

INSTANTIATE_TEST_SUITE_P(Slots, FindLastComplete, testing::Values(2U, 3U, 4U, 7U, 64U));

TEST(ResetSlots, MakesEverySlotOneThatWasNeverFilled) {
  MemorySegment segment(unstamped(7), 50);
  detail::reset_slots(segment.slots(), segment.geometry());
  for (std::uint32_t slot = 0; slot < 7; ++slot) {
    EXPECT_EQ(segment.version_of(slot), kNeverFilled);
  }
}

}  // namespace
}  // namespace evo::test
