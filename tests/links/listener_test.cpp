// SPDX-License-Identifier: Apache-2.0
/// Clients that come and go.
#include "evo/links/link_listener.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "evo/passive_reader.hpp"
#include "evo/raw_state_reader.hpp"
#include "link_fixture.hpp"

namespace evo::links::test {
namespace {

class Listener : public LinkTest {};

TEST_F(Listener, ThereIsOneServer) {
  const LinkListener first = listener();
  const auto second = LinkListener::create(link(), {.domain = domain()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::SegmentBusy);
}

TEST_F(Listener, WithoutAServerThereIsNoLink) {
  const auto connection = LinkConnection::connect(link(), {.domain = domain()});
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, ErrorCode::NotFound);
}

TEST_F(Listener, AClientWaitsForTheServer) {
  std::thread server([&] {
    std::this_thread::sleep_for(20ms);
    auto listener = this->listener();
    auto connection = listener.accept(kLong);
    ASSERT_TRUE(connection);
    expect(*connection, 1, bytes(1));
  });
  auto connection = client();
  send(connection, 1, bytes(1));
  server.join();
}

TEST_F(Listener, AColdConnectionIsAcceptedByTheServer) {
  auto server = listener(link(1, 0));
  const auto unanswered = LinkConnection::connect(link(1, 0), {.domain = domain()});
  ASSERT_FALSE(unanswered);
  EXPECT_EQ(unanswered.error().code, ErrorCode::NotReady);
  std::thread accepting([&] {
    auto connection = server.accept(kLong);
    ASSERT_TRUE(connection);
    expect(*connection, 1, bytes(1));
  });
  auto connection =
      LinkConnection::connect(link(1, 0), {.domain = domain(), .wait = kLong}).value();
  send(connection, 1, bytes(1));
  accepting.join();
}

TEST_F(Listener, NoMoreClientsThanConnections) {
  auto server = listener();
  std::vector<LinkConnection> clients;
  std::vector<LinkConnection> served;
  std::thread accepting([&] {
    for (int i = 0; i < 4; ++i) served.push_back(std::move(server.accept(kLong).value()));
  });
  for (int i = 0; i < 4; ++i) clients.push_back(client());
  accepting.join();
  const auto fifth = LinkConnection::connect(link(), {.domain = domain()});
  ASSERT_FALSE(fifth);
  EXPECT_EQ(fifth.error().code, ErrorCode::ReaderTableFull);
}

/// Connections are used again, and each time their rings are empty.
TEST_F(Listener, ManyClientsComeAndGo) {
  constexpr std::uint64_t kClients = 200;
  auto server = listener(link(2, 1));
  std::thread accepting([&] {
    for (std::uint64_t n = 1; n <= kClients; ++n) {
      auto connection = server.accept(kLong);
      ASSERT_TRUE(connection);
      expect(*connection, n, bytes(n));
      send(*connection, n, bytes(n + 1));
      EXPECT_EQ(connection->receive(kLong).error(), LinkError::Closed);
    }
  });
  for (std::uint64_t n = 1; n <= kClients; ++n) {
    auto connection = client();
    EXPECT_EQ(connection.receive(0ns).error(), LinkError::Timeout) << "nothing of the one before";
    send(connection, n, bytes(n));
    expect(connection, n, bytes(n + 1));
  }
  accepting.join();
}

TEST_F(Listener, StopEndsAccept) {
  auto server = listener();
  EXPECT_EQ(server.accept(0ns).error(), LinkError::Timeout);
  std::thread stopper([&] {
    std::this_thread::sleep_for(20ms);
    server.stop();
  });
  EXPECT_EQ(server.accept().error(), LinkError::Closed);
  stopper.join();
  EXPECT_EQ(server.accept(kLong).error(), LinkError::Closed);
}

TEST_F(Listener, AServerThatClosesTellsItsClients) {
  auto server = std::make_unique<LinkListener>(listener());
  auto connection = client();
  server.reset();
  EXPECT_EQ(connection.receive(kLong).error(), LinkError::Closed);
}

TEST_F(Listener, OtherKindsOfEndpointsAreRefused) {
  const auto server = listener();
  const auto reader = RawStateReader::attach("probe", {.domain = domain()});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::Unsupported);
  EXPECT_NE(reader.error().message.find("is a link"), std::string::npos) << reader.error().message;
  const auto passive = PassiveReader::open(domain(), "probe");
  ASSERT_FALSE(passive);
  EXPECT_EQ(passive.error().code, ErrorCode::Unsupported);
}

TEST_F(Listener, ImpossibleLimitsAreRefused) {
  const auto refused = [&](LinkDescription wrong, std::string_view word) {
    const auto server = LinkListener::create(wrong, {.domain = domain()});
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code, ErrorCode::InvalidSize);
    EXPECT_NE(server.error().message.find(word), std::string::npos) << server.error().message;
  };
  LinkDescription wrong = link();
  wrong.max_message = 0;
  refused(wrong, "max_message");
  wrong.max_message = (std::uint64_t{10} << 20) + 1;
  refused(wrong, "max_message");
  refused(link(4, 5), "warm_clients");
  refused(link(1025, 1), "number of connections");
  refused(link(0, 0), "number of connections");
  wrong = link();
  wrong.ring = 2048;
  refused(wrong, "size of the rings");
  wrong.ring = 12288;
  refused(wrong, "size of the rings");
}

}  // namespace
}  // namespace evo::links::test
