// SPDX-License-Identifier: Apache-2.0
/// The bytes of frames, and what a sender and a receiver do at the limits of a ring.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "ring_memory.hpp"

namespace evo::links::test {
namespace {

FrameInfo text_frame(std::uint64_t id, const std::string& text) {
  return {.id = id, .length = static_cast<std::uint32_t>(text.size()), .type = 7};
}

bool send(FrameSender& sender, std::uint64_t id, const std::string& text) {
  return sender.try_send(text_frame(id, text), text.data());
}

/// The next message as text; "nothing", or "damage".
std::string receive(FrameReceiver& receiver) {
  switch (receiver.look()) {
    case Found::Nothing:
      return "nothing";
    case Found::Damage:
      return "damage";
    case Found::Frame:
      break;
  }
  std::string text(receiver.info().length, '?');
  if (!receiver.copy(text.data())) return "damage";
  receiver.take();
  return text;
}

TEST(Frame, HasTheBytesOfTheFormat) {
  const RingMemory memory(kRingSize, Checksum::None);
  FrameSender sender = memory.sender();
  const FrameInfo info{
      .id = 0x1122334455667788, .length = 3, .type = 0x1234, .flags = kMoreFollows};
  ASSERT_TRUE(sender.try_send(info, "abc"));
  const std::vector<unsigned> wanted{'E',  'V',  'L',  'K',  3,    0,    0,    0,     //
                                     0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,  //
                                     0,    0,    0,    0,    0x34, 0x12, 1,    1,     //
                                     'a',  'b',  'c',  0};
  std::vector<unsigned> bytes;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    bytes.push_back(static_cast<unsigned>(memory.at(i)));
  EXPECT_EQ(bytes, wanted);
}

/// The same on every processor: the header as it lies in memory, then the payload.
TEST(Frame, HasTheChecksumOfTheFormat) {
  const FrameInfo info{.id = 1, .length = 3, .type = 2, .flags = kMoreFollows};
  const std::string bytes("\1\0\0\0\0\0\0\0\3\0\0\0\2\0\1\1abc", 19);
  EXPECT_EQ(frame_checksum(info, "abc"), crc32c(bytes.data(), bytes.size()));
}

TEST(Frame, TakesWholeLines) {
  EXPECT_EQ(frame_size(0), 64U);
  EXPECT_EQ(frame_size(40), 64U);
  EXPECT_EQ(frame_size(41), 128U);
  EXPECT_EQ(frame_size(longest_payload(kRingSize)), kRingSize / 2 - 64);
}

TEST(FrameRing, BringsMessagesInOrder) {
  RingMemory memory(kRingSize);
  FrameSender sender = memory.sender();
  FrameReceiver receiver = memory.receiver();
  EXPECT_EQ(receive(receiver), "nothing");
  ASSERT_TRUE(send(sender, 1, "one"));
  ASSERT_TRUE(send(sender, 2, ""));
  ASSERT_TRUE(send(sender, 3, std::string(100, 'x')));
  EXPECT_EQ(receive(receiver), "one");
  EXPECT_EQ(receiver.info(), text_frame(1, "one"));
  EXPECT_EQ(receive(receiver), "");
  EXPECT_EQ(receive(receiver), std::string(100, 'x'));
  EXPECT_EQ(receive(receiver), "nothing");
}

TEST(FrameRing, KeepsALineFreeBehindTheLastFrame) {
  RingMemory memory(kRingSize);
  FrameSender sender = memory.sender();
  FrameReceiver receiver = memory.receiver();
  std::size_t sent = 0;
  while (send(sender, sent, "x")) ++sent;
  EXPECT_EQ(sent, kRingSize / 64 - 1);
  EXPECT_EQ(receive(receiver), "x");
  EXPECT_TRUE(send(sender, sent, "x"));
  EXPECT_FALSE(send(sender, sent, "x"));
}

TEST(FrameRing, HasRoomForTwoOfTheLongestFrames) {
  RingMemory memory(kRingSize);
  FrameSender sender = memory.sender();
  const std::string longest(sender.longest(), 'x');
  EXPECT_TRUE(send(sender, 1, longest));
  EXPECT_TRUE(send(sender, 2, longest));
}

TEST(FrameRing, TheLongestFrameFitsWhereverItBegins) {
  RingMemory memory(kRingSize);
  FrameSender sender = memory.sender();
  FrameReceiver receiver = memory.receiver();
  std::string longest(sender.longest(), ' ');
  for (int begin = 0; begin < 200; ++begin) {
    std::iota(longest.begin(), longest.end(), static_cast<char>(begin));
    ASSERT_TRUE(send(sender, 1, longest)) << begin;
    EXPECT_EQ(receive(receiver), longest) << begin;
    ASSERT_TRUE(send(sender, 2, "moves on by a line")) << begin;
    EXPECT_EQ(receive(receiver), "moves on by a line") << begin;
  }
}

/// Without the zero behind each frame, the receiver would find the old payload.
TEST(FrameRing, AnOldPayloadIsNoFrame) {
  RingMemory memory(kRingSize);
  FrameSender sender = memory.sender();
  FrameReceiver receiver = memory.receiver();
  // A payload whose second line looks like a frame.
  std::string forged(104, '\0');
  const std::uint64_t commit = commit_word({.length = 5});
  std::memcpy(forged.data() + 40, &commit, sizeof(commit));
  const std::uint64_t rest = std::uint64_t{kind_word({})} << 32;
  std::memcpy(forged.data() + 56, &rest, sizeof(rest));
  for (int i = 0; i < 32; ++i) {
    ASSERT_TRUE(send(sender, 1, forged));
    ASSERT_EQ(receive(receiver), forged);
  }
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(send(sender, 2, "short"));
    ASSERT_EQ(receive(receiver), "short");
    ASSERT_EQ(receive(receiver), "nothing") << i;
  }
}

TEST(FrameRing, EveryChangedByteOfAFrameIsNoticed) {
  for (std::size_t offset = 0; offset < 24 + 10; ++offset) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      RingMemory memory(kRingSize);
      FrameSender sender = memory.sender();
      FrameReceiver receiver = memory.receiver();
      ASSERT_TRUE(send(sender, 1, "0123456789"));
      memory.at(offset) ^= static_cast<std::byte>(1U << bit);
      EXPECT_EQ(receive(receiver), "damage") << "byte " << offset << ", bit " << bit;
    }
  }
}

TEST(FrameRing, AFlagThatDoesNotExistIsDamage) {
  RingMemory memory(kRingSize, Checksum::None);
  FrameSender sender = memory.sender();
  FrameReceiver receiver = memory.receiver();
  ASSERT_TRUE(sender.try_send({.id = 1, .length = 1, .flags = 4}, "x"));
  EXPECT_EQ(receiver.look(), Found::Damage);
}

TEST(FrameRing, ALengthBeyondHalfOfTheRingIsDamage) {
  for (const std::uint32_t length :
       {static_cast<std::uint32_t>(longest_payload(kRingSize) + 1), 0x7fffffffU, 0xffffffffU}) {
    RingMemory memory(kRingSize);
    FrameReceiver receiver = memory.receiver();
    const std::uint64_t commit = commit_word({.length = length});
    std::memcpy(&memory.at(0), &commit, sizeof(commit));
    const std::uint64_t last = std::uint64_t{kind_word({})} << 32;
    std::memcpy(&memory.at(16), &last, sizeof(last));
    EXPECT_EQ(receiver.look(), Found::Damage) << length;
  }
}

/// A receiver that stores nonsense gets nothing more, and the sender stays within its ring.
TEST(FrameRing, AReceiverThatLiesOnlyStopsItself) {
  for (const std::uint64_t ahead :
       {std::uint64_t{64}, std::uint64_t{2 * kRingSize}, std::uint64_t{1} << 63}) {
    RingMemory memory(kRingSize);
    FrameSender sender = memory.sender();
    while (send(sender, 1, "x")) {
    }
    memory.taken().store(sender.sent() + ahead);
    EXPECT_FALSE(send(sender, 1, "x")) << ahead << " more than was sent";
    memory.taken().store(sender.sent() - kRingSize - ahead);
    EXPECT_FALSE(send(sender, 1, "x")) << ahead << " less than is possible";
  }
}

TEST(MirroredMapping, ShowsTheRingTwice) {
  RingMemory memory(kRingSize);
  memory.at(5) = std::byte{42};
  const MirroredMapping& seen = memory.seen_by_receiver();
  EXPECT_EQ(seen.ring()[5], std::byte{42});
  EXPECT_EQ(seen.ring()[kRingSize + 5], std::byte{42});
  EXPECT_EQ(seen.ring() - seen.head(), static_cast<std::ptrdiff_t>(kHead));
}

TEST(MirroredMapping, IsGoneInAForkedChild) {
  RingMemory memory(kRingSize);
  FrameSender sender = memory.sender();
  FrameReceiver receiver = memory.receiver();
  ASSERT_TRUE(send(sender, 1, "of the parent"));
  const pid_t child = ::fork();
  if (child == 0) {
    const bool gone = receive(receiver) == "nothing" && send(sender, 2, "of the child");
    ::_exit(gone ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(receive(receiver), "of the parent");
  EXPECT_EQ(receive(receiver), "nothing");
}

TEST(MirroredMapping, RefusesAFileThatIsTooShort) {
  const detail::FileDescriptor file(::memfd_create("ring", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), kHead + kRingSize - 1), 0);
  const auto mapping =
      MirroredMapping::map(file.get(), 0, kHead, kRingSize, detail::Protection::Read);
  ASSERT_FALSE(mapping);
  EXPECT_EQ(mapping.error().code, ErrorCode::Corrupt);
}

TEST(MirroredMapping, ReportsAFileThatCannotBeMapped) {
  const auto mapping = MirroredMapping::map(-1, 0, kHead, kRingSize, detail::Protection::Read);
  ASSERT_FALSE(mapping);
  EXPECT_NE(mapping.error().message.find("cannot map 4096 bytes twice"), std::string::npos);
}

}  // namespace
}  // namespace evo::links::test
