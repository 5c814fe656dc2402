// SPDX-License-Identifier: Apache-2.0
/// A receiver that sleeps. tests/model shows that no wake is lost.
#include "evo/links/frame_sleep.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "evo/clock.hpp"
#include "ring_memory.hpp"

namespace evo::links::test {
namespace {

TEST(FrameSleep, EveryMessageWakesTheReceiver) {
  constexpr std::uint64_t kMessages = 2000;
  RingMemory memory(kRingSize);
  std::thread other([&] {
    FrameSender sender = memory.sender();
    for (std::uint64_t id = 1; id <= kMessages; ++id) {
      // An empty frame, too, changes the word on which the receiver sleeps.
      while (!sender.try_send({.id = id, .length = id % 2 == 0 ? 0U : 8U}, &id)) {
        std::this_thread::yield();
      }
      order_before_wakes();
      wake_receiver(sender, memory.state());
    }
  });
  FrameReceiver receiver = memory.receiver();
  for (std::uint64_t id = 1; id <= kMessages; ++id) {
    while (receiver.look() == Found::Nothing) {
      sleep_until_frame(receiver, memory.state(), detail::Wait::kNever);
    }
    EXPECT_EQ(receiver.info().id, id);
    receiver.take();
  }
  other.join();
  EXPECT_EQ(memory.state().asleep.load(), 0U);
}

TEST(FrameSleep, EndsWhenTheTimeComes) {
  RingMemory memory(kRingSize);
  const FrameReceiver receiver = memory.receiver();
  sleep_until_frame(receiver, memory.state(), monotonic_ns() + 1'000'000);
  EXPECT_EQ(memory.state().asleep.load(), 0U);
}

}  // namespace
}  // namespace evo::links::test
