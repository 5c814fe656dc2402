// SPDX-License-Identifier: Apache-2.0
/// Messages in parts.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "evo/links/message.hpp"
#include "ring_memory.hpp"

namespace evo::links::test {
namespace {

constexpr std::size_t kMost = 100'000;

std::vector<std::byte> content(std::uint64_t number, std::size_t length) {
  std::vector<std::byte> bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>(number * 31 + i / 7);
  return bytes;
}

class Messages : public testing::Test {
 protected:
  explicit Messages(std::size_t size = kRingSize) : memory(size) {}

  /// Receives until a message is complete, or nothing is there.
  Progress receive_rest() {
    auto progress = Progress::Part;
    while (progress == Progress::Part) progress = receiver.receive();
    return progress;
  }

  RingMemory memory;
  FrameSender sender = memory.sender();
  MessageReceiver receiver{memory.receiver(), kMost};
};

TEST_F(Messages, ASmallOneIsOneFrame) {
  const auto bytes = content(1, sender.longest());
  Outgoing message{.id = 9, .type = 3, .rest = bytes};
  EXPECT_FALSE(message.done());
  ASSERT_TRUE(send_some(sender, message));
  EXPECT_EQ(sender.sent(), frame_size(bytes.size()));
  ASSERT_EQ(receive_rest(), Progress::Message);
  EXPECT_EQ(receiver.id(), 9U);
  EXPECT_EQ(receiver.type(), 3U);
  EXPECT_TRUE(std::ranges::equal(receiver.payload(), bytes));
  EXPECT_EQ(receiver.receive(), Progress::Nothing);
}

TEST_F(Messages, AnEmptyOneArrives) {
  Outgoing message{.id = 9};
  ASSERT_TRUE(send_some(sender, message));
  ASSERT_EQ(receive_rest(), Progress::Message);
  EXPECT_TRUE(receiver.payload().empty());
}

TEST_F(Messages, OneThatIsLargerThanTheRingArrivesInParts) {
  const auto bytes = content(1, kMost);
  Outgoing message{.id = 9, .rest = bytes};
  int turns = 0;
  while (!send_some(sender, message)) {
    ASSERT_EQ(receiver.receive(), Progress::Part);
    ASSERT_LT(++turns, 1000);
  }
  EXPECT_GT(turns, 10);
  ASSERT_EQ(receive_rest(), Progress::Message);
  EXPECT_TRUE(std::ranges::equal(receiver.payload(), bytes));
}

TEST_F(Messages, OneThatIsTooLargeIsDamage) {
  const auto bytes = content(1, kMost + 1);
  Outgoing message{.id = 9, .rest = bytes};
  auto progress = Progress::Part;
  while (!send_some(sender, message) && progress == Progress::Part) progress = receiver.receive();
  EXPECT_EQ(progress == Progress::Part ? receive_rest() : progress, Progress::Damage);
}

TEST_F(Messages, PartsOfDifferentMessagesAreDamage) {
  ASSERT_TRUE(sender.try_send({.id = 1, .length = 1, .type = 1, .flags = kMoreFollows}, "a"));
  ASSERT_TRUE(sender.try_send({.id = 2, .length = 1, .type = 1}, "b"));
  EXPECT_EQ(receive_rest(), Progress::Damage);
}

TEST_F(Messages, PartsOfDifferentTypesAreDamage) {
  ASSERT_TRUE(sender.try_send({.id = 1, .length = 1, .type = 1, .flags = kMoreFollows}, "a"));
  ASSERT_TRUE(sender.try_send({.id = 1, .length = 1, .type = 2}, "b"));
  EXPECT_EQ(receive_rest(), Progress::Damage);
}

TEST_F(Messages, AChangedPartIsDamage) {
  const auto bytes = content(1, 3000);
  Outgoing message{.id = 9, .rest = bytes};
  ASSERT_TRUE(send_some(sender, message));
  memory.at(kRingSize / 2 + 100) ^= std::byte{1};  // in the second of two parts
  EXPECT_EQ(receive_rest(), Progress::Damage);
  memory.at(kRingSize / 2 + 100) ^= std::byte{1};
  EXPECT_EQ(receive_rest(), Progress::Damage) << "it was refused once";
}

TEST_F(Messages, AnEmptyPartThatIsNotTheLastIsDamage) {
  ASSERT_TRUE(sender.try_send({.id = 1, .flags = kMoreFollows}, ""));
  EXPECT_EQ(receiver.receive(), Progress::Damage);
}

RC_GTEST_FIXTURE_PROP(Messages, ArriveInOrder, ()) {
  std::deque<std::vector<std::byte>> queue;
  std::uint64_t number = 0;
  std::vector<std::byte> bytes;
  Outgoing message;
  const auto operations =
      *rc::gen::container<std::vector<std::uint16_t>>(rc::gen::arbitrary<std::uint16_t>());
  for (const std::uint16_t operation : operations) {
    if (operation % 2 != 0) {
      const Progress progress = receive_rest();
      if (progress == Progress::Nothing) continue;
      RC_ASSERT(progress == Progress::Message);
      RC_ASSERT(!queue.empty());
      RC_ASSERT(std::ranges::equal(receiver.payload(), queue.front()));
      queue.pop_front();
      continue;
    }
    if (number == 0 || message.done()) {
      bytes = content(++number, operation / 2U);
      message = {.id = number, .rest = bytes};
      queue.push_back(bytes);
    }
    static_cast<void>(send_some(sender, message));
  }
}

class LargeMessages : public Messages {
 protected:
  LargeMessages() : Messages(64 * 1024) {}
};

TEST_F(LargeMessages, TravelInPartsOf16KiB) {
  const auto bytes = content(1, 2 * kPartSize);
  Outgoing message{.id = 9, .rest = bytes};
  ASSERT_TRUE(send_some(sender, message));
  FrameReceiver first = memory.receiver();
  ASSERT_EQ(first.look(), Found::Frame);
  EXPECT_EQ(first.info().length, kPartSize);
  ASSERT_EQ(receive_rest(), Progress::Message);
  EXPECT_TRUE(std::ranges::equal(receiver.payload(), bytes));
}

}  // namespace
}  // namespace evo::links::test
