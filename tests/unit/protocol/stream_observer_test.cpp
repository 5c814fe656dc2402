// SPDX-License-Identifier: Apache-2.0
#include "evo/detail/stream_observer.hpp"

#include <gtest/gtest.h>

#include "memory_segment.hpp"
#include "segments.hpp"

namespace evo::test {
namespace {

constexpr std::uint32_t kCapacity = 4;

ChannelDescription stream() {
  ChannelDescription channel = raw_channel("memory", 8);
  channel.kind = Kind::Stream;
  channel.slots = kCapacity;
  return channel;
}

class StreamObserverTest : public testing::Test {
 protected:
  void start_after(Sequence last) {
    segment_.emplace(stream(), last);
    publisher_ = segment_->stream_publisher(Overflow::Overwrite, last);
  }
  void push() {
    const std::uint64_t value = segment_->geometry().after(publisher_.sequence(), 1);
    ASSERT_TRUE(publisher_.push(
        segment_->geometry(),
        [&](std::byte* payload) { detail::copy_to_shared(payload, &value, sizeof value); },
        std::chrono::nanoseconds(0)));
  }

  std::optional<MemorySegment> segment_;
  detail::StreamPublisher publisher_;
};

TEST_F(StreamObserverTest, OvertakenInACopyGoesOnWithTheOldestThatIsLeft) {
  for (std::uint64_t pushes = 0; pushes < 3 * kCapacity; ++pushes) {
    start_after(0);
    auto observer = segment_->stream_observer(0);
    observer.attach();
    push();
    std::uint64_t value = 0;
    int copies = 0;
    ASSERT_TRUE(observer.look([&](const detail::ReaderSlot& slot) {
      if (++copies == 1) {
        for (std::uint64_t i = 0; i < pushes; ++i) push();
      }
      detail::copy_from_shared(&value, slot.payload(), sizeof value);
    }));
    // The ring has one slot more than its capacity.
    const std::uint64_t lost = pushes > kCapacity ? pushes + 1 - kCapacity : 0;
    EXPECT_EQ(value, lost + 1) << pushes;
    EXPECT_EQ(observer.next(), lost + 1) << pushes;
    EXPECT_EQ(observer.take_lost(), lost) << pushes;
  }
}

TEST_F(StreamObserverTest, OvertakenAgainAndAgainGivesUp) {
  start_after(0);
  auto observer = segment_->stream_observer(0, 5);
  observer.attach();
  push();
  int copies = 0;
  EXPECT_FALSE(observer.look([&](const detail::ReaderSlot&) {
    ++copies;
    for (std::uint32_t i = 0; i < 2 * kCapacity; ++i) push();
  }));
  EXPECT_EQ(copies, 6);
  EXPECT_TRUE(observer.has_next());
}

TEST_F(StreamObserverTest, WithoutRetriesItStillGetsOn) {
  start_after(0);
  auto observer = segment_->stream_observer(0, 0);
  observer.attach();
  for (std::uint32_t i = 0; i < 10; ++i) push();
  EXPECT_FALSE(observer.look([](const detail::ReaderSlot&) {})) << "it has only detected the loss";
  EXPECT_TRUE(observer.look([](const detail::ReaderSlot&) {}));
  EXPECT_EQ(observer.next(), 10 - kCapacity + 1);
  EXPECT_EQ(observer.take_lost(), 10U - kCapacity);
}

TEST_F(StreamObserverTest, FillingWithPublishZeroIsNotTakenForNeverFilled) {
  const Sequence limit = slot_geometry(stream()).sequence_limit();
  start_after(limit - 1);
  auto observer = segment_->stream_observer(0);
  observer.seek(limit - 1 - kCapacity);
  static_cast<void>(publisher_.begin(segment_->geometry()));
  ASSERT_TRUE(observer.look([](const detail::ReaderSlot&) {}));
  EXPECT_EQ(observer.next(), limit - kCapacity);
  EXPECT_EQ(observer.take_lost(), 1U);
}

TEST_F(StreamObserverTest, DamagedVersionIsNoReasonToJump) {
  start_after(0);
  auto observer = segment_->stream_observer(0);
  observer.attach();
  push();
  segment_->version_of(1) = detail::complete_version(1'000'001);
  EXPECT_FALSE(observer.look([](const detail::ReaderSlot&) {}));
  EXPECT_EQ(observer.next(), 1U);
  EXPECT_EQ(observer.lost(), 0U);
}

TEST_F(StreamObserverTest, OvertakenTwiceItSkipsNothingThatIsKept) {
  segment_.emplace(stream(), 9);
  publisher_ = segment_->stream_publisher(Overflow::Block, 9);
  const SlotGeometry& geometry = segment_->geometry();
  ASSERT_EQ(publisher_.await_room(std::chrono::nanoseconds(0)), std::nullopt);
  static_cast<void>(publisher_.begin(geometry));
  auto observer = segment_->stream_observer(0, 128, Overflow::Block);
  observer.attach();
  EXPECT_EQ(observer.next(), 9U);
  observer.seek_oldest();
  EXPECT_EQ(observer.next(), 6U);
  int copies = 0;
  ASSERT_TRUE(observer.look([&](const detail::ReaderSlot&) {
    if (++copies > 2) return;
    ASSERT_TRUE(publisher_.finish(geometry));
    static_cast<void>(publisher_.begin(geometry));
  }));
  EXPECT_EQ(copies, 3);
  EXPECT_EQ(observer.next(), 9U) << "everything is kept from where it attached";
  EXPECT_EQ(observer.lost(), 3U);
}

TEST_F(StreamObserverTest, SeekingBackKeepsWhatWasKept) {
  start_after(0);
  auto observer = segment_->stream_observer(0, 128, Overflow::Block);
  observer.attach();
  for (std::uint32_t i = 0; i < kCapacity; ++i) push();
  observer.seek(1);
  EXPECT_TRUE(observer.is_kept()) << "the cursor was never beyond it";
  for (int i = 0; i < 3; ++i) observer.advance();
  observer.store_cursor();
  observer.seek(3);
  EXPECT_FALSE(observer.is_kept()) << "the cursor had passed it";
  observer.advance();
  EXPECT_TRUE(observer.is_kept());
}

class EmptiedFile : public StreamObserverTest, public testing::WithParamInterface<bool> {};

TEST_P(EmptiedFile, HasNoValue) {
  start_after(0);
  auto observer = segment_->stream_observer(0);
  observer.attach();
  for (std::uint32_t i = 0; i < kCapacity; ++i) push();
  const bool header_stays = GetParam();
  if (!header_stays) {
    segment_->header().magic = 0;
    segment_->header().version = 0;
  }
  for (std::uint32_t i = 0; i <= kCapacity; ++i) segment_->version_of(i) = 0;
  const auto sees_nothing = [&] {
    EXPECT_FALSE(observer.look([](const detail::ReaderSlot&) {}));
    EXPECT_FALSE(observer.has_next());
    EXPECT_TRUE(observer.is_detached());
  };
  sees_nothing();
  observer.seek_latest();
  sees_nothing();
  observer.seek_oldest();
  sees_nothing();
  observer.seek(0);
  sees_nothing();
}
INSTANTIATE_TEST_SUITE_P(Header, EmptiedFile, testing::Bool());

}  // namespace
}  // namespace evo::test
