// SPDX-License-Identifier: Apache-2.0
/// Random messages through a ring, against a model that is a queue; and random damage.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <deque>
#include <thread>
#include <vector>

#include "ring_memory.hpp"

namespace evo::links::test {
namespace {

struct Message {
  FrameInfo info;
  std::vector<std::uint8_t> payload;
  bool operator==(const Message&) const = default;
};

/// A message of this length; its content depends on its number.
Message message(std::uint64_t number, std::size_t length) {
  Message made{.info = {.id = number,
                        .length = static_cast<std::uint32_t>(length),
                        .type = static_cast<std::uint16_t>(number * 31),
                        .flags = number % 5 == 0 ? kMoreFollows : std::uint8_t{0}},
               .payload = std::vector<std::uint8_t>(length)};
  for (std::size_t i = 0; i < length; ++i) {
    made.payload[i] = static_cast<std::uint8_t>(number * 7 + i);
  }
  return made;
}

/// Bytes that the ring must have free.
std::size_t needed(const Message& message) {
  return frame_size(message.payload.size()) + kFrameAlignment;
}

RC_GTEST_PROP(FrameProperty, ARingIsAQueue, (bool checked)) {
  RingMemory memory(kRingSize, checked ? Checksum::Crc32c : Checksum::None);
  FrameSender sender = memory.sender();
  FrameReceiver receiver = memory.receiver();
  std::deque<Message> queue;
  std::size_t used = 0;
  std::uint64_t number = 0;
  const auto operations =
      *rc::gen::container<std::vector<std::uint16_t>>(rc::gen::arbitrary<std::uint16_t>());
  for (const std::uint16_t operation : operations) {
    if (operation % 2 == 0) {
      // Small lengths and lengths near the limit are more likely.
      const std::size_t span = operation % 3 == 0 ? 100 : sender.longest() + 1;
      const Message next = message(++number, operation / 4U % span);
      const bool fits = used + needed(next) <= kRingSize;
      RC_ASSERT(sender.try_send(next.info, next.payload.data()) == fits);
      if (!fits) continue;
      queue.push_back(next);
      used += frame_size(next.payload.size());
    } else if (queue.empty()) {
      RC_ASSERT(receiver.look() == Found::Nothing);
    } else {
      RC_ASSERT(receiver.look() == Found::Frame);
      Message got{.info = receiver.info(),
                  .payload = std::vector<std::uint8_t>(receiver.info().length)};
      RC_ASSERT(receiver.copy(got.payload.data()));
      receiver.take();
      RC_ASSERT(got == queue.front());
      used -= frame_size(got.payload.size());
      queue.pop_front();
    }
  }
}

/// Whatever the ring holds, the receiver stays within its mapping, and believes no frame that
/// was not sent.
RC_GTEST_PROP(FrameProperty, NoDamageIsBelieved, ()) {
  RingMemory memory(kRingSize);
  FrameSender sender = memory.sender();
  FrameReceiver receiver = memory.receiver();
  std::vector<Message> sent;
  const auto lengths =
      *rc::gen::container<std::vector<std::uint16_t>>(rc::gen::inRange<std::uint16_t>(0, 300));
  for (const std::uint16_t length : lengths) {
    const Message next = message(sent.size() + 1, length);
    if (!sender.try_send(next.info, next.payload.data())) break;
    sent.push_back(next);
  }
  const auto changes =
      *rc::gen::container<std::vector<std::pair<std::uint16_t, std::uint8_t>>>(rc::gen::pair(
          rc::gen::inRange<std::uint16_t>(0, kRingSize), rc::gen::arbitrary<std::uint8_t>()));
  for (const auto& [offset, value] : changes) memory.at(offset) = static_cast<std::byte>(value);
  for (const Message& expected : sent) {
    if (receiver.look() != Found::Frame) break;
    std::vector<std::uint8_t> payload(receiver.info().length);
    if (!receiver.copy(payload.data())) break;
    RC_ASSERT((Message{receiver.info(), payload}) == expected);
    receiver.take();
  }
}

TEST(FrameThreads, EveryMessageArrivesOnce) {
  constexpr std::uint64_t kMessages = 100'000;
  RingMemory memory(kRingSize);
  std::atomic<bool> given_up{false};
  std::thread other([&given_up, sender = memory.sender()]() mutable {
    for (std::uint64_t number = 1; number <= kMessages; ++number) {
      const Message next = message(number, number * 13 % 200);
      while (!sender.try_send(next.info, next.payload.data()) && !given_up) {
        std::this_thread::yield();
      }
    }
  });
  FrameReceiver receiver = memory.receiver();
  bool right = true;
  for (std::uint64_t number = 1; right && number <= kMessages; ++number) {
    while (receiver.look() == Found::Nothing) std::this_thread::yield();
    Message got{.info = receiver.info(),
                .payload = std::vector<std::uint8_t>(receiver.info().length)};
    right = receiver.copy(got.payload.data()) && got == message(number, number * 13 % 200);
    receiver.take();
    EXPECT_TRUE(right) << "message " << number;
  }
  given_up = !right;
  other.join();
  EXPECT_EQ(receiver.look(), Found::Nothing);
}

}  // namespace
}  // namespace evo::links::test
