// SPDX-License-Identifier: Apache-2.0
/// Every interleaving of a writer and a reader, one shared access at a time, on the real code. It
/// shows that the protocol is correct if accesses take effect in program order;
/// memory_order_test.cpp covers the remaining cases.
#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "lockstep.hpp"
#include "memory_segment.hpp"

namespace evo::test {
namespace {

/// Two words that are equal in every value ever written.
using Pair = std::array<std::uint64_t, 2>;

ChannelDescription pair_channel(std::uint32_t slots) {
  ChannelDescription channel;
  channel.name = "pair";
  channel.owner = "model";
  channel.size = sizeof(Pair);
  channel.slots = slots;
  channel.stamp = Stamp::None;
  return channel;
}

void write(detail::StatePublisher& publisher, const SlotGeometry& geometry, std::uint64_t number) {
  const Pair value{number, number};
  EXPECT_TRUE(publisher.publish(geometry, [&](std::byte* payload) {
    detail::copy_to_shared<sizeof(Pair)>(payload, value.data());
  }));
}

struct Got {
  detail::ReadOutcome sequence = ReadError::Detached;
  Pair value{};
};

Got read(const detail::StateObserver& observer) {
  Got got;
  got.sequence = observer.read([&](const detail::ReaderSlot& slot) {
    detail::copy_from_shared<sizeof(Pair)>(got.value.data(), slot.payload());
  });
  return got;
}

/// The value of publish n is n, twice: the value is not torn, and the version is right.
void expect_whole(const Got& got) {
  if (!got.sequence) return;
  EXPECT_EQ(got.value[0], *got.sequence);
  EXPECT_EQ(got.value[1], *got.sequence);
}

TEST(Interleaving, NoScheduleTearsAValue) {
  std::size_t contended = 0;
  std::size_t whole = 0;
  const std::size_t schedules = Schedules().explore([&](const std::function<bool()>& choose) {
    MemorySegment segment(pair_channel(2));
    auto publisher = segment.publisher();
    write(publisher, segment.geometry(), 1);
    Got got;
    {
      Actor writer([&] {
        for (std::uint64_t n = 2; n <= 3; ++n) write(publisher, segment.geometry(), n);
      });
      Actor reader([&] { got = read(segment.observer(0)); });
      interleave(writer, reader, choose);
    }
    expect_whole(got);
    if (got.sequence) {
      ++whole;
    } else {
      EXPECT_EQ(got.sequence.error(), ReadError::Contended);
      ++contended;
    }
  });
  RecordProperty("schedules", static_cast<int>(schedules));
  // The writer makes 11 steps, the reader up to 6; publish 3 reuses the slot of publish 1.
  EXPECT_GT(schedules, 5'000U);
  EXPECT_GT(whole, 0U);
  EXPECT_GT(contended, 0U) << "the writer never overtook the reader in any schedule";
}

TEST(Interleaving, TwoReadsNeverGoBackInTime) {
  const std::size_t schedules = Schedules().explore([&](const std::function<bool()>& choose) {
    MemorySegment segment(pair_channel(2));
    auto publisher = segment.publisher();
    write(publisher, segment.geometry(), 1);
    Got first;
    Got second;
    {
      Actor writer([&] { write(publisher, segment.geometry(), 2); });
      Actor reader([&] {
        const auto observer = segment.observer(0);
        first = read(observer);
        second = read(observer);
      });
      interleave(writer, reader, choose);
    }
    expect_whole(first);
    expect_whole(second);
    if (first.sequence && second.sequence) {
      EXPECT_LE(*first.sequence, *second.sequence);
    }
  });
  EXPECT_GT(schedules, 1'000U);
}

/// A reader may report what it has read to another reader, which must not find an older value then,
/// whether it starts from the header, which lags behind the slots, or has fallen behind.
void expect_no_reader_behind(Sequence second_has_read, Sequence published) {
  std::size_t ahead_of_header = 0;
  const std::size_t schedules = Schedules().explore([&](const std::function<bool()>& choose) {
    MemorySegment segment(pair_channel(3));
    auto publisher = segment.publisher();
    const auto keeps_up = segment.observer(0);
    const auto other = segment.observer(8);
    for (Sequence n = 1; n <= published; ++n) {
      write(publisher, segment.geometry(), n);
      expect_whole(read(keeps_up));
      if (n == second_has_read) expect_whole(read(other));
    }
    Got first;
    Got second;
    std::uint64_t named = 0;
    {
      Actor writer([&] { write(publisher, segment.geometry(), published + 1); });
      Actor reader([&] {
        first = read(keeps_up);
        named = segment.header().version.load() / 2;
        second = read(other);
      });
      interleave(writer, reader, choose);
    }
    expect_whole(first);
    expect_whole(second);
    ASSERT_TRUE(first.sequence && second.sequence);
    EXPECT_LE(*first.sequence, *second.sequence);
    ahead_of_header += *first.sequence > named ? 1 : 0;
  });
  EXPECT_GT(schedules, 1'000U);
  EXPECT_GT(ahead_of_header, 0U) << "no reader was ever ahead of the header";
}

TEST(Interleaving, NoReaderIsBehindAnotherThatReadBefore) {
  for (const Sequence published : {1U, 4U}) expect_no_reader_behind(published, published);
}

TEST(Interleaving, NoReaderThatComesLateIsBehindAnother) {
  expect_no_reader_behind(0, 2);
}

TEST(Interleaving, NoReaderThatWasLeftBehindStaysBehindAnother) {
  expect_no_reader_behind(1, 3);
}

TEST(Interleaving, NeverWrittenUntilTheFirstPublish) {
  Schedules().explore([&](const std::function<bool()>& choose) {
    MemorySegment segment(pair_channel(2));
    auto publisher = segment.publisher();
    Got got;
    {
      Actor writer([&] { write(publisher, segment.geometry(), 1); });
      Actor reader([&] { got = read(segment.observer(0)); });
      interleave(writer, reader, choose);
    }
    if (got.sequence) {
      EXPECT_EQ(*got.sequence, 1U);
      expect_whole(got);
    } else {
      EXPECT_EQ(got.sequence.error(), ReadError::NeverWritten);
    }
  });
}

/// What a successor finds and does after a writer that died before its step `killed_at`.
void take_over_and_read(std::uint32_t slots, int killed_at, const std::function<bool()>& choose,
                        bool& died) {
  MemorySegment segment(pair_channel(slots));
  auto publisher = segment.publisher();
  write(publisher, segment.geometry(), 1);
  write(publisher, segment.geometry(), 2);
  Actor doomed([&] { write(publisher, segment.geometry(), 3); });
  for (int i = 0; i < killed_at; ++i) doomed.step();
  died = !doomed.done();

  const auto last =
      detail::find_last_complete(segment.header(), segment.slots(), segment.geometry());
  ASSERT_TRUE(last);
  EXPECT_GE(*last, 2U);
  EXPECT_LE(*last, 3U);
  const std::uint64_t named = segment.header().version / 2;
  EXPECT_GE(*last, named) << "a value that readers have seen was lost";
  for (std::uint32_t i = 0; i < slots; ++i) {
    const std::uint64_t version = segment.version_of(i);
    if (version % 2 == 0) {
      EXPECT_LE(version / 2, *last) << "a complete sequence would be filled again";
    }
  }
  segment.header().version = detail::complete_version(*last);
  // Numbering continues from the last complete publish, so a value still equals its sequence.
  auto successor = segment.publisher(*last);
  Got got;
  {
    Actor writer([&] {
      write(successor, segment.geometry(), *last + 1);
      write(successor, segment.geometry(), *last + 2);
    });
    Actor reader([&] { got = read(segment.observer(8)); });
    interleave(writer, reader, choose);
  }
  ASSERT_TRUE(got.sequence) << to_string(got.sequence.error());
  expect_whole(got);
  EXPECT_GE(*got.sequence, named);
  // The dead writer's thread continues only now, to be joined; nothing is checked afterwards.
}

TEST(Interleaving, AWriterKilledAtAnyStepIsTakenOver) {
  for (const std::uint32_t slots : {2U, 3U}) {
    int killed_at = 0;
    bool died = true;
    for (; died && killed_at < 20; ++killed_at) {
      // All schedules of 11 steps and 6 or more are too many for each step at which the writer may
      // die. Those that let the reader start at each point of the write are sufficient.
      for (int head_start = 0; head_start < 14; ++head_start) {
        int turn = 0;
        take_over_and_read(
            slots, killed_at, [&] { return turn++ < head_start; }, died);
        turn = 0;
        take_over_and_read(
            slots, killed_at, [&] { return turn++ < head_start || turn % 2 == 0; }, died);
      }
    }
    EXPECT_GE(killed_at, 6) << "the writer was not driven step by step";
    EXPECT_FALSE(died);
  }
}

}  // namespace
}  // namespace evo::test
