// SPDX-License-Identifier: Apache-2.0
/// Every interleaving of a stream's writer and one reader, one shared access at a time, on the real
/// code, as in interleaving_test.cpp.
#include <gtest/gtest.h>

#include <optional>

#include "lockstep.hpp"
#include "memory_segment.hpp"

namespace evo::test {
namespace {

ChannelDescription stream_channel() {
  ChannelDescription channel;
  channel.name = "stream";
  channel.owner = "model";
  channel.kind = Kind::Stream;
  channel.size = 8;
  channel.slots = 2;
  channel.stamp = Stamp::None;
  return channel;
}

/// Pushes the next number. False if the stream is full.
bool push(detail::StreamPublisher& publisher, const SlotGeometry& geometry) {
  const std::uint64_t n = publisher.sequence() + 1;
  return publisher
      .push(
          geometry, [&](std::byte* payload) { detail::copy_to_shared(payload, &n, sizeof n); },
          std::chrono::nanoseconds(0))
      .has_value();
}

/// The next value, which must equal its own number; nullopt if there is none.
std::optional<std::uint64_t> take(detail::StreamObserver& observer) {
  std::uint64_t value = 0;
  const bool there = observer.look([&](const detail::ReaderSlot& slot) {
    detail::copy_from_shared(&value, slot.payload(), sizeof value);
  });
  if (!there) return std::nullopt;
  EXPECT_EQ(value, observer.next());
  observer.advance();
  observer.store_cursor();
  return value;
}

/// The writer laps the reader: no value is taken for another, each is either taken or counted as
/// lost.
TEST(StreamInterleaving, OvertakenReaderTakesOrCountsEachValue) {
  std::size_t losses = 0;
  std::size_t empty = 0;
  const std::size_t schedules = Schedules().explore([&](const std::function<bool()>& choose) {
    MemorySegment segment(stream_channel());
    auto publisher = segment.stream_publisher(Overflow::Overwrite);
    auto observer = segment.stream_observer(0);
    observer.attach();
    push(publisher, segment.geometry());
    std::optional<std::uint64_t> got;
    {
      Actor writer([&] {
        for (int i = 0; i < 3; ++i) push(publisher, segment.geometry());
      });
      Actor reader([&] { got = take(observer); });
      interleave(writer, reader, choose);
    }
    std::uint64_t expected = 1;
    const auto check = [&](std::uint64_t n) {
      const std::uint64_t lost = observer.take_lost();
      EXPECT_EQ(n, expected + lost);
      losses += lost != 0 ? 1 : 0;
      expected = n + 1;
    };
    if (got) check(*got);
    if (!got) ++empty;
    while (const auto n = take(observer)) check(*n);
    EXPECT_EQ(expected, 5U);
  });
  RecordProperty("schedules", static_cast<int>(schedules));
  EXPECT_GT(schedules, 5'000U);
  EXPECT_GT(losses, 0U) << "the writer never lapped the reader";
  EXPECT_EQ(empty, 0U) << "the first value was available all the time";
}

/// A reader that attaches while the writer of a blocking stream pushes loses nothing from then on.
TEST(StreamInterleaving, WhoAttachesToABlockingStreamLosesNothing) {
  std::size_t blocked = 0;
  std::size_t first_late = 0;
  const std::size_t schedules = Schedules().explore([&](const std::function<bool()>& choose) {
    MemorySegment segment(stream_channel());
    auto publisher = segment.stream_publisher(Overflow::Block);
    auto observer = segment.stream_observer(0);
    push(publisher, segment.geometry());
    std::uint64_t pushed = 1;
    {
      Actor writer([&] {
        for (int i = 0; i < 3; ++i) pushed += push(publisher, segment.geometry()) ? 1 : 0;
      });
      Actor reader([&] { observer.attach(); });
      interleave(writer, reader, choose);
    }
    blocked += pushed < 4 ? 1 : 0;
    const std::uint64_t first = observer.next();
    first_late += first > 1 ? 1 : 0;
    EXPECT_LE(pushed + 1 - first, 2U) << "more than its capacity";
    for (std::uint64_t n = first; n <= pushed; ++n) EXPECT_EQ(take(observer), n);
    EXPECT_EQ(take(observer), std::nullopt);
    EXPECT_EQ(observer.lost(), 0U);
  });
  RecordProperty("schedules", static_cast<int>(schedules));
  EXPECT_GT(schedules, 1'000U);
  EXPECT_GT(blocked, 0U) << "the reader never held the writer back";
  EXPECT_GT(first_late, 0U) << "the writer never got ahead of the reader";
}

}  // namespace
}  // namespace evo::test
