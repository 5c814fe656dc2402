// SPDX-License-Identifier: Apache-2.0
/// The typed endpoints of streams, as generated.
#include <gtest/gtest.h>

#include <alarm.evo.hpp>
#include <atomic>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "evo/format.hpp"
#include "file_bytes.hpp"
#include "outcome.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class StreamEnds : public testing::Test {
 protected:
  template <class Writer>
  [[nodiscard]] Writer create() const {
    return Writer::create({.domain = directory_.domain()}).value();
  }
  template <class Reader>
  [[nodiscard]] Reader attach() const {
    return Reader::attach({.domain = directory_.domain()}).value();
  }
  static Trace trace(std::uint64_t step) {
    Trace value{.step = step};
    value.values.fill(static_cast<double>(step));
    return value;
  }
  /// "17 18 " for the values that are available.
  static std::string codes(AlarmReader& reader) {
    std::string words;
    for (const auto& item : reader) words += fmt::format("{} ", item.value.code);
    return words;
  }

  TemporaryDomain directory_;
};

TEST_F(StreamEnds, ItemsCarryValueNumberAndTime) {
  auto writer = create<AlarmWriter>();
  auto reader = attach<AlarmReader>();
  EXPECT_FALSE(reader.next());
  const auto before = monotonic_ns();
  ASSERT_TRUE(writer.push({.code = 17, .level = 3}));
  EXPECT_EQ(writer.current_version(), 2U);
  const auto item = reader.next();
  ASSERT_TRUE(item);
  EXPECT_EQ(item->value, (Alarm{.code = 17, .level = 3}));
  EXPECT_EQ(item->sequence, 1U);
  EXPECT_EQ(item->lost, 0U);
  EXPECT_GE(item->stamp_ns, before);
  EXPECT_LT(item->age(), std::chrono::minutes(1));
}

TEST_F(StreamEnds, RangeForTakesWhatIsThere) {
  auto writer = create<AlarmWriter>();
  auto reader = attach<AlarmReader>();
  for (std::uint32_t code = 1; code <= 3; ++code) writer.push({.code = code});
  EXPECT_EQ(codes(reader), "1 2 3 ");
  EXPECT_EQ(codes(reader), "");
}

TEST_F(StreamEnds, BatchesArePublishedOnce) {
  auto writer = create<TraceWriter>();
  auto reader = attach<TraceReader>();
  std::array<Trace, 5> out;
  for (std::size_t i = 0; i < out.size(); ++i) out.at(i) = trace(i + 1);
  EXPECT_EQ(writer.push_batch(out), 5U);
  EXPECT_EQ(writer.current_version(), 10U);
  std::array<Trace, 3> in;
  EXPECT_EQ(reader.next_batch(in), 3U);
  EXPECT_EQ(in.at(2), trace(3));
  EXPECT_EQ(reader.next_batch(in), 2U);
  EXPECT_EQ(in.at(1), trace(5));
  EXPECT_EQ(reader.next_batch(in), 0U);
}

TEST_F(StreamEnds, BatchBeyondTheRoomIsTakenInPart) {
  auto writer = create<AlarmWriter>();
  auto reader = attach<AlarmReader>();
  std::array<Alarm, 7> alarms;
  for (std::uint32_t i = 0; i < alarms.size(); ++i) alarms.at(i).code = i + 1;
  EXPECT_EQ(writer.push_batch(alarms), 4U);
  EXPECT_EQ(writer.push_batch(std::span(alarms).subspan(4)), 0U);
  EXPECT_EQ(codes(reader), "1 2 3 4 ");
  EXPECT_EQ(writer.push_batch(std::span(alarms).subspan(4), std::chrono::milliseconds(1)), 3U);
  EXPECT_EQ(codes(reader), "5 6 7 ");
}

TEST_F(StreamEnds, AllWaitsOfABatchTogetherAreAsLongAsAsked) {
  auto writer = create<AlarmWriter>();
  auto reader = attach<AlarmReader>();
  std::atomic<bool> over{false};
  std::thread slow([&] {
    while (!over) {
      static_cast<void>(reader.next());
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
  // A place becomes free every 2 ms: in time for each single value, but not for all of them.
  const std::vector<Alarm> alarms(500);
  EXPECT_LT(writer.push_batch(alarms, std::chrono::milliseconds(20)), alarms.size());
  over = true;
  slow.join();
}

TEST_F(StreamEnds, BatchStopsWhereValuesWereLost) {
  auto writer = create<TraceWriter>();
  auto reader = attach<TraceReader>();
  for (std::uint64_t step = 1; step <= 20; ++step) writer.push(trace(step));
  std::array<Trace, 20> in;
  EXPECT_EQ(reader.next_batch(in), 8U);
  EXPECT_EQ(in.at(0), trace(13));
  EXPECT_EQ(reader.lost(), 12U);
  for (std::uint64_t step = 21; step <= 40; ++step) writer.push(trace(step));
  const auto item = reader.next();
  ASSERT_TRUE(item);
  EXPECT_EQ(item->lost, 12U) << "only the values lost since the batch";
}

TEST_F(StreamEnds, LoanIsFilledInPlaceAndDroppedWithoutATrace) {
  auto writer = create<TraceWriter>();
  auto reader = attach<TraceReader>();
  for (std::uint64_t step = 1; step <= 20; ++step) writer.push(trace(step));
  {
    auto dropped = writer.loan();
    ASSERT_TRUE(dropped);
    **dropped = trace(99);
  }
  reader.seek_oldest();
  EXPECT_EQ(reader.lag(), 8U);
  EXPECT_EQ(reader.next()->value, trace(13)) << "not even the oldest value is lost";
  auto loan = writer.loan();
  ASSERT_TRUE(loan);
  **loan = trace(21);
  ASSERT_TRUE(loan->publish());
  reader.seek_latest();
  EXPECT_EQ(reader.next()->value, trace(21));
}

TEST_F(StreamEnds, LoanNeedsRoom) {
  auto writer = create<AlarmWriter>();
  auto reader = attach<AlarmReader>();
  for (std::uint32_t code = 1; code <= 4; ++code) writer.push({.code = code});
  const auto refused = writer.loan();
  ASSERT_FALSE(refused);
  EXPECT_EQ(to_string(refused.error()), "WouldBlock");
  EXPECT_EQ(outcome(writer.with_write([](Alarm&) {}, std::chrono::milliseconds(1))), "Timeout");
  EXPECT_EQ(codes(reader), "1 2 3 4 ");
}

TEST_F(StreamEnds, TransactionsCommitOrRollBack) {
  auto writer = create<AlarmWriter>();
  auto reader = attach<AlarmReader>();
  EXPECT_TRUE(writer.with_write([](Alarm& alarm) { alarm = {.code = 1}; }));
  EXPECT_THROW(writer.with_write([](Alarm& alarm) {
    alarm = {.code = 2};
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_TRUE(writer.with_write([](Alarm& alarm) { alarm = {.code = 3}; }));
  std::uint32_t seen = 0;
  const auto see = [&](const Alarm& alarm) { seen = alarm.code; };
  EXPECT_THROW(reader.with_next([](const Alarm&) { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_TRUE(reader.with_next(see));
  EXPECT_EQ(seen, 1U) << "the value is shown again";
  EXPECT_TRUE(reader.with_next(see));
  EXPECT_EQ(seen, 3U);
  EXPECT_FALSE(reader.with_next(see));
}

TEST_F(StreamEnds, OverwritingStreamRollsBackToo) {
  auto writer = create<TraceWriter>();
  auto reader = attach<TraceReader>();
  writer.push(trace(1));
  EXPECT_THROW(reader.with_next([](const Trace&) { throw std::runtime_error("no"); }),
               std::runtime_error);
  std::uint64_t seen = 0;
  EXPECT_TRUE(reader.with_next([&](const Trace& value) { seen = value.step; }));
  EXPECT_EQ(seen, 1U);
  EXPECT_FALSE(reader.next());
}

TEST_F(StreamEnds, ViewHoldsItsSlot) {
  auto writer = create<AlarmWriter>();
  auto reader = attach<AlarmReader>();
  for (std::uint32_t code = 1; code <= 4; ++code) writer.push({.code = code});
  auto view = reader.view();
  ASSERT_TRUE(view);
  EXPECT_EQ((*view)->code, 1U);
  EXPECT_EQ(view->sequence(), 1U);
  EXPECT_FALSE(writer.push({.code = 5})) << "the view still holds its value";
  EXPECT_TRUE(view->still_valid());
  view->release();
  EXPECT_TRUE(writer.push({.code = 5}));
  {
    const auto second = reader.view();
    EXPECT_EQ((*second)->code, 2U);
  }
  EXPECT_EQ(codes(reader), "3 4 5 ");
  EXPECT_FALSE(reader.view());
}

TEST_F(StreamEnds, ViewOfAValueFromBeforeTheSeekIsWholeToo) {
  auto writer = create<AlarmWriter>();
  for (std::uint32_t code = 1; code <= 10; ++code) writer.push({.code = code});
  auto reader = attach<AlarmReader>();
  reader.seek_oldest();
  const auto view = reader.view();
  ASSERT_TRUE(view);
  // The pushes that the last check of the cursors still allows overwrite the slot of 7.
  std::uint32_t code = 10;
  while (writer.push({.code = code + 1})) ++code;
  EXPECT_EQ(code, 12U);
  EXPECT_EQ((*view)->code, 7U);
}

TEST_F(StreamEnds, ViewOfAnOverwrittenValueSaysSo) {
  auto writer = create<TraceWriter>();
  auto reader = attach<TraceReader>();
  writer.push(trace(1));
  auto view = reader.view();
  ASSERT_TRUE(view);
  EXPECT_EQ((*view)->values.at(63), 1.0);
  for (std::uint64_t step = 2; step <= 9; ++step) writer.push(trace(step));
  EXPECT_TRUE(view->still_valid()) << "the ring has one slot more than its capacity";
  writer.push(trace(10));
  EXPECT_FALSE(view->still_valid());
}

TEST_F(StreamEnds, ChecksumIsCheckedByEachWayToRead) {
  auto writer = create<SealedWriter>();
  auto reader = attach<SealedReader>();
  for (std::uint64_t n = 1; n <= 3; ++n) writer.push({.number = n});
  // The slot of push 1: one slot after the start of the slots.
  const SlotGeometry geometry = slot_geometry(describe<SealedChannel>());
  const auto file = std::filesystem::file_size(directory_.data_file());
  const auto slots = file - align_up(geometry.stride * geometry.count, kPageSize);
  poke(directory_.data_file(), slots + geometry.stride + geometry.payload_offset, std::byte{0xff});
  const auto view = reader.view();
  ASSERT_TRUE(view);
  EXPECT_EQ((*view)->number, 2U);
  EXPECT_EQ(view->lost(), 1U);
}

}  // namespace
}  // namespace evo::test
