// SPDX-License-Identifier: Apache-2.0
/// One thread that serves several clients.
#include "evo/links/link_server.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <time.h>

#include <atomic>
#include <thread>

#include "child_process.hpp"
#include "evo/segment_info.hpp"
#include "link_fixture.hpp"

namespace evo::links::test {
namespace {

using evo::test::Child;
using evo::test::die;

/// Sends each message back.
class Echo : public LinkHandler {
 public:
  void connected(LinkPeer& /*peer*/) override { ++came; }
  void received(LinkPeer& peer, const LinkMessage& message) override {
    ++received_messages;
    peer.send(message);
  }
  void disconnected(LinkPeer& /*peer*/, LinkError why) override { went.push_back(why); }

  std::atomic<int> came{0};
  std::atomic<std::uint64_t> received_messages{0};
  std::vector<LinkError> went;
};

class Server : public LinkTest {
 protected:
  [[nodiscard]] LinkServer server(const LinkDescription& description = link()) {
    return LinkServer::create(description, echo_, {.domain = domain()}).value();
  }
  /// Until a client has gone.
  void serve_until_one_goes(LinkServer& server) {
    const std::size_t before = echo_.went.size();
    while (echo_.went.size() == before) server.serve(kLong / 10);
  }

  Echo echo_;
};

/// Processor time of this thread.
std::chrono::nanoseconds thread_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Runs a server in a thread.
class Serving {
 public:
  explicit Serving(LinkServer& server, ServeOptions options = {})
      : server_(&server), thread_([=, &server] {
          while (!server.stopped()) server.serve(1s, options);
        }) {}
  ~Serving() {
    server_->stop();
    thread_.join();
  }

 private:
  LinkServer* server_;
  std::thread thread_;
};

TEST_F(Server, AnswersInTheSameThread) {
  auto server = this->server();
  auto first = client();
  auto second = client();
  send(first, 1, bytes(10));
  send(second, 2, bytes(1'500));
  while (echo_.received_messages != 2) server.serve(kLong);
  EXPECT_EQ(echo_.came, 2);
  expect(first, 1, bytes(10));
  expect(second, 2, bytes(1'500));
  EXPECT_EQ(server.serve(0ns), 0U);
}

TEST_F(Server, AnswersAtAnyTime) {
  constexpr std::uint64_t kRounds = 200;
  auto server = this->server();
  const Serving serving(server, {.spin = 0us});
  std::vector<LinkConnection> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(client(/*one_way=*/i == 2));
  for (std::uint64_t n = 1; n <= kRounds; ++n) {
    auto& at = clients[n % clients.size()];
    if (n % 50 == 0) std::this_thread::sleep_for(120ms);  // the server stops watching
    send(at, n, bytes(n));
    expect(at, n, bytes(n));
  }
}

TEST_F(Server, LongMessagesGoBothWays) {
  auto server = this->server();
  const Serving serving(server);
  auto at = client();
  for (std::uint64_t n = 1; n <= 5; ++n) {
    send(at, n, bytes(100'000));
    expect(at, n, bytes(100'000));
  }
}

TEST_F(Server, AClientThatDoesNotReadStopsOnlyItself) {
  auto server = this->server();
  const Serving serving(server);
  auto lazy = client();
  auto other = client();
  std::uint64_t sent = 0;
  while (lazy.send({.id = sent, .type = 3, .payload = bytes(500)}, 50ms)) ++sent;
  EXPECT_GT(sent, 7U) << "as many as fit into both rings";
  for (std::uint64_t n = 1; n <= 20; ++n) {
    send(other, n, bytes(n));
    expect(other, n, bytes(n));
  }
  for (std::uint64_t n = 0; n < sent; ++n) expect(lazy, n, bytes(500));
}

TEST_F(Server, LearnsThatAClientHasClosed) {
  auto server = this->server();
  {
    auto at = client();
    send(at, 1, bytes(3));
  }
  serve_until_one_goes(server);
  EXPECT_EQ(echo_.received_messages, 1U) << "what was sent before the close";
  EXPECT_EQ(echo_.went, std::vector{LinkError::Closed});
}

TEST_F(Server, HandlesAllOfAClientThatLeavesItsRepliesUnread) {
  auto server = this->server();
  {
    auto at = client();
    for (std::uint64_t n = 0; n < 14; ++n) send(at, n, bytes(200));
    while (echo_.received_messages != 14) server.serve(kLong / 10);
    for (std::uint64_t n = 14; n < 28; ++n) send(at, n, bytes(200));
  }
  serve_until_one_goes(server);
  EXPECT_EQ(echo_.received_messages, 28U) << "the ring of replies holds 15";
  EXPECT_EQ(echo_.went, std::vector{LinkError::Closed});
}

TEST_F(Server, SleepsWhileAClientDoesNotRead) {
  auto server = this->server();
  auto lazy = client();
  while (lazy.try_send({.type = 3, .payload = bytes(500)})) {
    while (server.serve(5ms) != 0) {
    }
  }
  const auto before = thread_time();
  EXPECT_EQ(server.serve(200ms), 0U);
  EXPECT_LT(thread_time() - before, 100ms) << "of processor time";
}

TEST_F(Server, UsesNoMemoryForConnectionsWithoutClients) {
  auto server = this->server(link(64, 0));
  const auto before = inspect_segment(domain(), "probe").value().memory;
  EXPECT_EQ(server.serve(300ms), 0U) << "each connection has its turn";
  EXPECT_EQ(inspect_segment(domain(), "probe").value().memory, before);
}

TEST_F(Server, ClosesAPeerAtOnce) {
  class Closing : public LinkHandler {
   public:
    void connected(LinkPeer& peer) override { peer.close(); }
    void received(LinkPeer& /*peer*/, const LinkMessage& /*message*/) override {}
    void disconnected(LinkPeer& /*peer*/, LinkError why) override { went.push_back(why); }
    std::vector<LinkError> went;
  };
  Closing closing;
  auto server = LinkServer::create(link(), closing, {.domain = domain()}).value();
  auto at = client();
  server.serve(kLong);
  EXPECT_EQ(closing.went, std::vector{LinkError::Closed});
  EXPECT_EQ(at.receive(kLong).error(), LinkError::Closed);
}

TEST_F(Server, LearnsThatAClientHasDied) {
  auto server = this->server();
  for (int round = 1; round <= 3; ++round) {
    Child child([&]() -> std::string {
      auto at = client();
      send(at, 1, bytes(3));
      die();
    });
    serve_until_one_goes(server);
    EXPECT_EQ(echo_.came, round);
    EXPECT_EQ(echo_.received_messages, static_cast<std::uint64_t>(round));
  }
  EXPECT_EQ(echo_.went, std::vector(3, LinkError::PeerDied));
  const Serving serving(server);
  auto at = client();
  send(at, 4, bytes(4));
  expect(at, 4, bytes(4));
}

/// As one of another PID namespace, whose PID is that of another process here.
TEST_F(Server, LearnsOfADeathThatTheKernelDoesNotReport) {
  auto server = this->server();
  Child child([&]() -> std::string {
    auto at = client();
    ::prctl(PR_SET_NAME, "renamed");
    send(at, 1, bytes(3));
    ::pause();
    return "";
  });
  std::this_thread::sleep_for(20ms);  // until it has its new name
  while (echo_.received_messages == 0) server.serve(kLong / 10);
  EXPECT_TRUE(child.kill().killed_by(SIGKILL));
  serve_until_one_goes(server);
  EXPECT_EQ(echo_.received_messages, 1U);
  EXPECT_EQ(echo_.went, std::vector{LinkError::PeerDied});
}

TEST_F(Server, ThatDiesIsNoticedByItsClients) {
  Child child([&]() -> std::string {
    auto server = this->server();
    while (echo_.received_messages == 0) server.serve(kLong);
    die();
  });
  auto at = client();
  send(at, 1, bytes(3));
  EXPECT_EQ(at.receive(kLong).value().id, 1U) << "sent before its death";
  EXPECT_EQ(at.receive(kLong).error(), LinkError::PeerDied);
  EXPECT_TRUE(child.join().killed_by(SIGKILL));

  auto successor = server();
  const Serving serving(successor);
  auto again = client();
  send(again, 2, bytes(2));
  expect(again, 2, bytes(2));
  EXPECT_EQ(at.receive(0ns).error(), LinkError::PeerDied);
}

TEST_F(Server, HandlesAllThatComesAtOnce) {
  constexpr std::uint64_t kMessages = 20'000;
  auto server = this->server(link(8, 4));
  const Serving serving(server);
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([this, i] {
      auto at = client(/*one_way=*/i % 2 == 0);
      std::uint64_t received = 0;
      for (std::uint64_t n = 0; n < kMessages; ++n) {
        while (!at.try_send({.id = n, .type = 3})) {
          const auto message = at.receive(kLong);
          ASSERT_TRUE(message);
          ASSERT_EQ(message->id, received++);
        }
      }
      for (; received < kMessages; ++received) ASSERT_EQ(at.receive(kLong).value().id, received);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(echo_.received_messages, 6 * kMessages);
}

}  // namespace
}  // namespace evo::links::test
