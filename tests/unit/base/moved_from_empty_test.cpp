// SPDX-License-Identifier: Apache-2.0
#include "evo/detail/moved_from_empty.hpp"

#include <gtest/gtest.h>

#include "evo/raw_stream_reader.hpp"
#include "evo/raw_stream_writer.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

// Moved-from objects are used on purpose.
// NOLINTBEGIN(bugprone-use-after-move,clang-analyzer-cplusplus.Move)

struct Number {
  int value = 0;
};

TEST(MovedFromEmpty, LeavesADefaultMadeOneBehind) {
  detail::MovedFromEmpty<Number> first = Number{7};
  detail::MovedFromEmpty<Number> second = std::move(first);
  EXPECT_EQ(first.value, 0);
  EXPECT_EQ(second.value, 7);
  first = std::move(second);
  EXPECT_EQ(first.value, 7);
  EXPECT_EQ(second.value, 0);
}

TEST(MovedFromEmpty, MovedToItselfStays) {
  detail::MovedFromEmpty<Number> one = Number{7};
  detail::MovedFromEmpty<Number>& same = one;
  one = std::move(same);
  EXPECT_EQ(one.value, 7);
}

// A second writer of the same slots would pass torn values off as whole.
TEST(MovedFromEmpty, NoMovedFromEndpointCanBeUsed) {
  const TemporaryDomain directory;
  ChannelDescription stream = raw_channel("stream", 8);
  stream.kind = Kind::Stream;
  auto writer = RawStateWriter::create("state", 8, {.domain = directory.domain()});
  auto pusher = RawStreamWriter::create(stream, {.domain = directory.domain()});
  ASSERT_TRUE(writer && pusher) << message_of(writer) << message_of(pusher);
  auto reader = RawStateReader::attach("state", {.domain = directory.domain()});
  auto taker = RawStreamReader::attach("stream", {.domain = directory.domain()});
  ASSERT_TRUE(reader && taker) << message_of(reader) << message_of(taker);
  writer->write(bytes_of(std::uint64_t{1}));
  pusher->push(bytes_of(std::uint64_t{2}));

  RawStateWriter next_writer = std::move(*writer);
  RawStreamWriter next_pusher = std::move(*pusher);
  RawStateReader next_reader = std::move(*reader);
  RawStreamReader next_taker = std::move(*taker);
  EXPECT_EQ(next_writer.current_version(), 2U);
  EXPECT_EQ(next_pusher.current_version(), 2U);
  EXPECT_EQ(next_reader.version(), 2U);
  EXPECT_EQ(next_taker.lag(), 1U);

  EXPECT_EQ(writer->current_version(), 0U);
  EXPECT_EQ(pusher->current_version(), 0U);
  EXPECT_EQ(reader->observer().geometry(), SlotGeometry());
  EXPECT_EQ(taker->observer().geometry(), SlotGeometry());
}

// NOLINTEND(bugprone-use-after-move,clang-analyzer-cplusplus.Move)

}  // namespace
}  // namespace evo::test
