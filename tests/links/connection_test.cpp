// SPDX-License-Identifier: Apache-2.0
/// Messages between a client and a server that has a thread, or the same one, for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "evo/segment_info.hpp"
#include "link_fixture.hpp"

namespace evo::links::test {
namespace {

class Connected : public LinkTest {
 protected:
  /// A warm connection needs no answer of the server, so one thread can do both.
  Connected() : listener_(listener()), client_(client()), server_(accepted()) {}

  [[nodiscard]] LinkConnection accepted() { return std::move(listener_.accept(kLong).value()); }

  LinkListener listener_;
  LinkConnection client_;
  LinkConnection server_;
};

TEST_F(Connected, MessagesOfAllLengthsGoBothWays) {
  for (const std::size_t length : {0U, 1U, 40U, 41U, 1'000U, 1'900U}) {
    const auto payload = bytes(length);
    send(client_, length, payload);
    expect(server_, length, payload);
    send(server_, length + 1, payload);
    expect(client_, length + 1, payload);
  }
}

TEST_F(Connected, MessagesLongerThanTheRingGoInParts) {
  const auto payload = bytes(100'000);
  std::thread echo([&] {
    expect(server_, 1, payload);
    send(server_, 2, payload);
  });
  send(client_, 1, payload);
  expect(client_, 2, payload);
  echo.join();
}

TEST_F(Connected, ALongerMessageThanTheLinkAllowsIsRefused) {
  const auto payload = bytes(100'001);
  EXPECT_EQ(client_.max_message(), 100'000U);
  EXPECT_EQ(client_.send({.payload = payload}, kLong).error(), LinkError::TooLong);
  EXPECT_EQ(client_.try_send({.payload = payload}).error(), LinkError::TooLong);
  EXPECT_EQ(client_.try_send({.payload = bytes(5'000)}).error(), LinkError::TooLong)
      << "longer than the ring";
  send(client_, 1, bytes(5));
  expect(server_, 1, bytes(5));
}

TEST_F(Connected, AFullRingBlocksOnlyItsSender) {
  std::uint64_t sent = 0;
  while (client_.try_send({.id = sent, .type = 3})) ++sent;
  EXPECT_EQ(sent, 4096U / 64 - 1);
  EXPECT_EQ(client_.try_send({}).error(), LinkError::WouldBlock);
  EXPECT_EQ(client_.send({}, 1ms).error(), LinkError::Timeout);
  for (std::uint64_t id = 0; id < sent; ++id) expect(server_, id, {});
  EXPECT_EQ(server_.receive(0ms).error(), LinkError::Timeout);
  send(client_, sent, {});
  expect(server_, sent, {});
}

TEST_F(Connected, ATimeoutInsideAMessageClosesTheConnection) {
  EXPECT_EQ(client_.send({.payload = bytes(50'000)}, 1ms).error(), LinkError::Timeout);
  EXPECT_EQ(client_.send({}, kLong).error(), LinkError::Closed);
  EXPECT_EQ(server_.receive(kLong).error(), LinkError::Closed);
}

TEST_F(Connected, WhatWasSentBeforeACloseIsReceived) {
  for (std::uint64_t id = 1; id <= 3; ++id) send(client_, id, bytes(id));
  { const LinkConnection closed = std::move(client_); }
  for (std::uint64_t id = 1; id <= 3; ++id) expect(server_, id, bytes(id));
  EXPECT_EQ(server_.receive(kLong).error(), LinkError::Closed);
  EXPECT_EQ(server_.receive(0ms).error(), LinkError::Closed);
  EXPECT_EQ(server_.send({}, kLong).error(), LinkError::Closed);
}

TEST_F(Connected, WhatTheServerSentBeforeItClosedIsReceived) {
  for (std::uint64_t id = 1; id <= 3; ++id) send(server_, id, bytes(id));
  { const LinkConnection closed = std::move(server_); }
  for (std::uint64_t id = 1; id <= 3; ++id) expect(client_, id, bytes(id));
  EXPECT_EQ(client_.receive(kLong).error(), LinkError::Closed);
}

TEST_F(Connected, SleepersAreWoken) {
  constexpr std::uint64_t kRounds = 300;
  std::thread echo([&] {
    for (std::uint64_t n = 1; n <= kRounds; ++n) {
      const auto message = server_.receive(kLong, {.spin = n % 2 == 0 ? 0us : 20us});
      ASSERT_TRUE(message);
      send(server_, message->id, message->payload);
    }
  });
  for (std::uint64_t n = 1; n <= kRounds; ++n) {
    send(client_, n, bytes(n));
    const auto message = client_.receive(kLong, {.spin = 0us});
    ASSERT_TRUE(message);
    EXPECT_EQ(message->id, n);
  }
  echo.join();
}

TEST_F(Connected, ConnectionsMoveToOtherThreads) {
  std::thread echo([at = std::move(server_)]() mutable {
    expect(at, 1, bytes(10));
    send(at, 2, bytes(20));
  });
  send(client_, 1, bytes(10));
  expect(client_, 2, bytes(20));
  echo.join();
  EXPECT_EQ(client_.receive(kLong).error(), LinkError::Closed);
}

TEST_F(Connected, TheClientIsAReaderOfTheSegment) {
  const SegmentInfo info = inspect_segment(domain(), "probe").value();
  EXPECT_EQ(info.condition, SegmentCondition::Sound) << info.fault;
  EXPECT_EQ(info.layout.kind, Kind::Link);
  EXPECT_EQ(info.reader_limit, 4U);
  ASSERT_EQ(info.readers.size(), 1U);
  EXPECT_EQ(info.readers[0].pid, static_cast<std::uint32_t>(::getpid()));
}

}  // namespace
}  // namespace evo::links::test
