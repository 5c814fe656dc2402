// SPDX-License-Identifier: Apache-2.0
/// Streams with their untyped endpoints, through real files.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "evo/raw_stream_reader.hpp"
#include "evo/raw_stream_writer.hpp"
#include "evo/segment_info.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

class StreamSegment : public testing::TestWithParam<Overflow> {
 protected:
  explicit StreamSegment(Overflow overflow = GetParam(), std::uint32_t capacity = 4) {
    channel_.kind = Kind::Stream;
    channel_.overflow = overflow;
    channel_.slots = capacity;
  }

  void SetUp() override { writer_.emplace(create().value()); }

  [[nodiscard]] Result<RawStreamWriter> create(OnOrphan on_orphan = OnOrphan::TakeOver) const {
    return RawStreamWriter::create(channel_,
                                   {.domain = directory_.domain(), .on_orphan = on_orphan});
  }
  [[nodiscard]] RawStreamReader attach() const {
    return RawStreamReader::attach(channel_, {.domain = directory_.domain()}).value();
  }
  /// Pushes numbers, starting with the next sequence.
  std::string push(int count = 1) {
    for (int i = 0; i < count; ++i) {
      const std::uint64_t n = writer_->current_version() / 2 + 1;
      const auto done = writer_->push(bytes_of(n * 11));
      if (!done) return outcome(done);
    }
    return "ok";
  }
  /// "22" for the value of push 2, "lost 3, 55" after a loss, or "-".
  static std::string next(RawStreamReader& reader) {
    std::uint64_t value = 0;
    const auto item = reader.next(writable_bytes_of(value));
    if (!item) return "-";
    EXPECT_EQ(value, item->sequence * 11);
    return (item->lost != 0 ? fmt::format("lost {}, ", item->lost) : "") + std::to_string(value);
  }
  /// All values that are available.
  static std::string all(RawStreamReader& reader) {
    std::string words;
    for (std::string word; (word = next(reader)) != "-";) words += word + " ";
    return words;
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 8);
  std::optional<RawStreamWriter> writer_;
};

TEST_P(StreamSegment, TakesEveryValueInOrder) {
  RawStreamReader reader = attach();
  EXPECT_EQ(next(reader), "-");
  for (int round = 0; round < 10; ++round) {
    ASSERT_EQ(push(3), "ok");
    EXPECT_EQ(reader.lag(), 3U);
    const int n = 3 * round;
    EXPECT_EQ(all(reader), fmt::format("{} {} {} ", 11 * (n + 1), 11 * (n + 2), 11 * (n + 3)));
    EXPECT_EQ(reader.lag(), 0U);
  }
  EXPECT_EQ(reader.lost(), 0U);
}

TEST_P(StreamSegment, BeginsWithTheNewest) {
  push(3);
  RawStreamReader reader = attach();
  EXPECT_EQ(next(reader), "33");
  EXPECT_EQ(next(reader), "-");
}

TEST_P(StreamSegment, KeepsAsManyValuesAsItsCapacity) {
  push(10);
  RawStreamReader reader = attach();
  reader.seek_oldest();
  EXPECT_EQ(reader.lag(), 4U);
  EXPECT_EQ(all(reader), "77 88 99 110 ");
  reader.seek_latest();
  EXPECT_EQ(all(reader), "110 ");
  reader.seek_to(9);
  EXPECT_EQ(all(reader), "99 110 ");
  reader.seek_to(2);
  EXPECT_EQ(all(reader), "lost 5, 77 88 99 110 ");
  EXPECT_EQ(reader.lost(), 5U);
}

TEST_P(StreamSegment, FewerThanTheCapacityBeginWithTheFirst) {
  push(2);
  RawStreamReader reader = attach();
  reader.seek_oldest();
  EXPECT_EQ(all(reader), "11 22 ");
  reader.seek_to(0);
  EXPECT_EQ(all(reader), "11 22 ");
}

TEST_P(StreamSegment, WaitsForAValueThatIsStillToCome) {
  push(2);
  RawStreamReader reader = attach();
  reader.seek_to(5);
  EXPECT_EQ(reader.lag(), 0U);
  EXPECT_EQ(push(2), "ok") << "the reader does not block the writer";
  EXPECT_EQ(next(reader), "-");
  EXPECT_FALSE(reader.wait_for_next(1ms));
  push();
  EXPECT_TRUE(reader.wait_for_next(0ms));
  EXPECT_EQ(all(reader), "55 ");
}

TEST_P(StreamSegment, SleepingReaderIsWoken) {
  RawStreamReader reader = attach();
  std::thread pusher([this] {
    std::this_thread::sleep_for(20ms);
    push();
  });
  EXPECT_TRUE(reader.wait_for_next(20s));
  EXPECT_EQ(next(reader), "11");
  pusher.join();
}

TEST_P(StreamSegment, EndsWithTheWriter) {
  RawStreamReader reader = attach();
  push(2);
  writer_.reset();
  EXPECT_EQ(to_string(reader.writer_state()), "Closed");
  EXPECT_EQ(all(reader), "11 22 ") << "pushed values can still be taken";
  EXPECT_FALSE(reader.wait_for_next(20s)) << "no value will come, and it returns immediately";
}

TEST_P(StreamSegment, SuccessorGoesOnWhereTheDeadStopped) {
  writer_.reset();
  const Pipe ready;
  Child first([&]() -> std::string {
    writer_.emplace(create().value());
    push(2);
    ready.write("x");
    ::pause();
    return "";
  });
  ASSERT_TRUE(ready.await_byte());
  RawStreamReader reader = attach();
  reader.seek_oldest();
  EXPECT_EQ(next(reader), "11");
  first.kill();
  EXPECT_EQ(to_string(reader.writer_state()), "Dead");
  writer_.emplace(create().value());
  push();
  EXPECT_EQ(all(reader), "22 33 ") << "in order, no duplicates";
}

TEST_P(StreamSegment, MadeAnewDetaches) {
  writer_.reset();
  Child first([&]() -> std::string {
    writer_.emplace(create().value());
    push(2);
    die();
  });
  first.join();
  RawStreamReader reader = attach();
  reader.seek_oldest();
  writer_.emplace(create(OnOrphan::Replace).value());
  ASSERT_EQ(push(9), "ok") << "a cursor in the former file does not block the writer";
  EXPECT_TRUE(reader.is_detached());
  EXPECT_EQ(all(reader), "11 22 ") << "values not yet taken are still available";
  ASSERT_TRUE(reader.reattach());
  EXPECT_EQ(all(reader), "99 ");
}

TEST_P(StreamSegment, ListingTellsTheLag) {
  RawStreamReader reader = attach();
  push(3);
  next(reader);
  const auto info = inspect_segment(directory_.domain(), "probe");
  ASSERT_TRUE(info && info->readers.size() == 1U);
  EXPECT_EQ(info->readers.front().lag, 2U);
  EXPECT_EQ(info->sequence, 3U);
  EXPECT_EQ(info->layout.capacity(), 4U);
}

TEST_P(StreamSegment, OtherKindsEndsAreRefused) {
  const auto state_reader =
      RawStateReader::attach(raw_channel("probe", 8), {.domain = directory_.domain()});
  EXPECT_EQ(outcome(state_reader), "SchemaMismatch");
  const auto state_writer = RawStateWriter::create(channel_, {.domain = directory_.domain()});
  EXPECT_TRUE(contains(message_of(state_writer), "RawStreamWriter"));
  const auto stream_writer =
      RawStreamWriter::create(raw_channel("other", 8), {.domain = directory_.domain()});
  EXPECT_TRUE(contains(message_of(stream_writer), "is a state"));
  const auto state =
      RawStateWriter::create(raw_channel("other", 8), {.domain = directory_.domain()});
  const auto stream_reader = RawStreamReader::attach("other", {.domain = directory_.domain()});
  EXPECT_TRUE(contains(message_of(stream_reader), "is a state"));
  auto generic = RawStateReader::attach("probe", {.domain = directory_.domain()});
  ASSERT_TRUE(generic) << message_of(generic);
  push(2);
  EXPECT_EQ(read_number(*generic), "22") << "the latest value, for tools";
}

TEST_P(StreamSegment, ReattachesToStreamsOnly) {
  RawStreamReader reader = attach();
  writer_.reset();
  auto state = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()});
  ASSERT_TRUE(state) << message_of(state);
  EXPECT_EQ(outcome(reader.reattach()), "SchemaMismatch");
  RawStreamReader generic = [&] {
    state = tl::unexpected(Error{});
    writer_.emplace(create().value());
    return RawStreamReader::attach("probe", {.domain = directory_.domain()}).value();
  }();
  writer_.reset();
  state = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()});
  ASSERT_TRUE(state) << message_of(state);
  EXPECT_EQ(outcome(generic.reattach()), "Unsupported");
  EXPECT_EQ(static_cast<int>(generic.layout().kind), static_cast<int>(Kind::Stream))
      << "the reader is unchanged";
}

TEST_P(StreamSegment, ValuesThatDoNotFitAreRefused) {
  const std::array<std::byte, 9> large{};
  EXPECT_EQ(outcome(writer_->push(large)), "OutOfRange");
  EXPECT_EQ(writer_->current_version(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Overflows, StreamSegment,
                         testing::Values(Overflow::Overwrite, Overflow::Block),
                         [](const auto& overflow) -> std::string {
                           return overflow.param == Overflow::Block ? "Block" : "Overwrite";
                         });

class OverwritingStream : public StreamSegment {
 protected:
  OverwritingStream() : StreamSegment(Overflow::Overwrite) {}
};

TEST_F(OverwritingStream, LosesTheOldestAndSaysHowMany) {
  RawStreamReader reader = attach();
  ASSERT_EQ(push(10), "ok");
  EXPECT_EQ(all(reader), "lost 6, 77 88 99 110 ");
  ASSERT_EQ(push(1000), "ok");
  EXPECT_EQ(next(reader), "lost 996, 11077");
  EXPECT_EQ(reader.lost(), 1002U);
}

TEST_F(OverwritingStream, DamagedValueCountsAsLost) {
  writer_.reset();
  channel_.checksum = Checksum::Crc32c;
  writer_.emplace(create().value());
  RawStreamReader reader = attach();
  push(3);
  const auto layout = reader.layout();
  const auto second = layout.slots_offset + 2 * layout.geometry.stride;
  poke(directory_.data_file(), second + layout.geometry.payload_offset, std::byte{0xff});
  EXPECT_EQ(all(reader), "11 lost 1, 33 ");
}

class BlockingStream : public StreamSegment {
 protected:
  explicit BlockingStream(std::uint32_t capacity = 4) : StreamSegment(Overflow::Block, capacity) {}
};

TEST_F(BlockingStream, RefusesWhenFullAndLosesNothing) {
  RawStreamReader reader = attach();
  ASSERT_EQ(push(4), "ok");
  EXPECT_EQ(push(), "WouldBlock");
  EXPECT_EQ(outcome(writer_->push(bytes_of(std::uint64_t{55}), 1ms)), "Timeout");
  EXPECT_EQ(next(reader), "11");
  EXPECT_EQ(push(), "ok");
  EXPECT_EQ(push(), "WouldBlock");
  EXPECT_EQ(all(reader), "22 33 44 55 ");
}

TEST_F(BlockingStream, NobodyAttachedHoldsNobodyBack) {
  EXPECT_EQ(push(100), "ok");
}

TEST_F(BlockingStream, TheSlowestReaderCountsAndIsNamed) {
  RawStreamReader slow = attach();
  RawStreamReader fast = attach();
  for (int i = 0; i < 4; ++i) {
    push();
    next(fast);
  }
  EXPECT_EQ(push(), "WouldBlock");
  const auto named = writer_->slowest_reader();
  ASSERT_TRUE(named);
  EXPECT_EQ(named->unread, 4U);
  EXPECT_EQ(named->pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(named->process_name, "unit_tests");
  EXPECT_EQ(all(slow), "11 22 33 44 ");
  EXPECT_EQ(push(), "ok");
}

TEST_F(BlockingStream, WaitsUntilThereIsRoom) {
  RawStreamReader reader = attach();
  push(4);
  std::thread taker([&] {
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(next(reader), "11");
  });
  EXPECT_EQ(outcome(writer_->push(bytes_of(std::uint64_t{55}), 20s)), "ok");
  taker.join();
  EXPECT_EQ(all(reader), "22 33 44 55 ");
}

TEST_F(BlockingStream, DeadReaderHoldsNobodyBack) {
  const Pipe ready;
  Child doomed([&]() -> std::string {
    const RawStreamReader reader = attach();
    ready.write("x");
    ::pause();
    return "";
  });
  ASSERT_TRUE(ready.await_byte());
  ASSERT_EQ(push(4), "ok");
  EXPECT_EQ(push(), "WouldBlock");
  doomed.kill();
  EXPECT_EQ(push(100), "ok") << "immediately, without a wait";
  EXPECT_FALSE(writer_->slowest_reader());
}

TEST_F(BlockingStream, ReaderThatLeavesHoldsNobodyBack) {
  {
    const RawStreamReader reader = attach();
    push(4);
    EXPECT_EQ(push(), "WouldBlock");
  }
  EXPECT_EQ(push(100), "ok");
}

TEST_F(BlockingStream, LateJoinerLosesNothingFromThereOn) {
  for (int before = 0; before < 12; ++before) {
    push();
    RawStreamReader reader = attach();
    const auto newest = writer_->current_version() / 2;
    int pushed = 0;
    while (push() == "ok") ++pushed;
    EXPECT_EQ(pushed, 3) << "together with the newest, the capacity";
    std::string expected;
    for (auto n = newest; n <= newest + 3; ++n) expected += fmt::format("{} ", 11 * n);
    EXPECT_EQ(all(reader), expected);
  }
}

TEST_F(BlockingStream, CursorsOutliveTheWriter) {
  writer_.reset();
  const Pipe ready;
  const Pipe go;
  Child first([&]() -> std::string {
    writer_.emplace(create().value());
    ready.write("x");
    static_cast<void>(go.await_byte());
    push(4);
    die();
  });
  ASSERT_TRUE(ready.await_byte());
  RawStreamReader reader = attach();
  go.write("x");
  first.join();
  writer_.emplace(create().value());
  EXPECT_EQ(push(), "WouldBlock") << "the successor respects the readers of its predecessor";
  EXPECT_EQ(all(reader), "11 22 33 44 ");
  EXPECT_EQ(push(), "ok");
}

class SmallestStream : public BlockingStream {
 protected:
  SmallestStream() : BlockingStream(2) {}
};

TEST_F(SmallestStream, Works) {
  RawStreamReader reader = attach();
  for (int n = 1; n < 20; n += 2) {
    ASSERT_EQ(push(2), "ok");
    EXPECT_EQ(push(), "WouldBlock");
    EXPECT_EQ(all(reader), fmt::format("{} {} ", 11 * n, 11 * (n + 1)));
  }
}

TEST_F(BlockingStream, ReattachNeedsNoSecondPlaceInTheTable) {
  writer_.reset();
  channel_.max_readers = 1;
  writer_.emplace(create().value());
  auto reader = attach();
  writer_.reset();
  writer_.emplace(create().value());
  EXPECT_TRUE(reader.is_detached());
  const auto again = reader.reattach();
  ASSERT_TRUE(again) << message_of(again);
  EXPECT_EQ(push(4), "ok");
  EXPECT_EQ(push(), "WouldBlock") << "the writer respects its cursor";
  EXPECT_EQ(all(reader), "11 22 33 44 ");
}

TEST_F(BlockingStream, SeekingANumberThatNoValueHasHoldsNobodyBack) {
  auto reader = attach();
  reader.seek_to(~std::uint64_t{0});
  EXPECT_EQ(next(reader), "-");
  EXPECT_EQ(push(), "ok");
  EXPECT_EQ(push(), "ok");
  EXPECT_EQ(all(reader).substr(0, 3), "22 ") << "it continues with the next values";
}

}  // namespace
}  // namespace evo::test
