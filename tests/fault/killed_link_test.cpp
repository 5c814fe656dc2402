// SPDX-License-Identifier: Apache-2.0
/// Clients and servers of a link killed after each instruction of a message, and at each system
/// call of connecting, closing and creating.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "evo/clock.hpp"
#include "evo/links/link_server.hpp"
#include "fault_matrix.hpp"
#include "killed_instruction.hpp"
#include "temporary_domain.hpp"
#include "whole_value.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;
using detail::count_instructions;
using detail::moments_to_kill;
using detail::Stop;
using detail::TracedChild;

constexpr auto kLong = 60s;
/// The message during which a client or its server is killed.
constexpr std::uint64_t kLastMessage = 10;
constexpr std::size_t kMessageBytes = 96;

LinkDescription link_of_two() {
  return {.name = "probe", .owner = "server", .max_clients = 2, .warm_clients = 2, .ring = 4096};
}

/// Sends whole messages back, and notes what came.
class NotingEcho : public LinkHandler {
 public:
  void connected(LinkPeer& /*peer*/) override { last = 0; }
  void received(LinkPeer& peer, const LinkMessage& message) override {
    const bool whole =
        std::ranges::equal(message.payload, bytes_of(whole_value(kMessageBytes, message.id)));
    if (!whole || message.id != last + 1) wrong = true;
    last = message.id;
    peer.send(message);
  }
  void disconnected(LinkPeer& /*peer*/, LinkError /*why*/) override { ++went; }

  int went = 0;
  std::uint64_t last = 0;
  bool wrong = false;
};

LinkConnection connect(const Domain& domain) {
  auto connection = LinkConnection::connect(link_of_two(), {.domain = domain, .wait = kLong});
  if (!connection) throw std::runtime_error(connection.error().message);
  return std::move(*connection);
}

void send(LinkConnection& connection, std::uint64_t n) {
  if (!connection.send({.id = n, .payload = bytes_of(whole_value(kMessageBytes, n))}, kLong)) {
    throw std::runtime_error("cannot send");
  }
}

/// Every third moment, because each try takes 15 ms: it starts a server.
std::vector<std::size_t> some_moments_to_kill(std::size_t total) {
  constexpr std::size_t kStride = 3;
  std::vector<std::size_t> some;
  const auto all = moments_to_kill(total);
  for (std::size_t i = 0; i < all.size(); i += kStride) some.push_back(all[i]);
  some.push_back(total);
  return some;
}

/// Whether a new client gets its answers from this server, which runs in this thread.
bool serves_again(const Domain& domain, LinkServer& server) {
  std::atomic<bool> answered{false};
  std::thread client([&] {
    auto connection = connect(domain);
    send(connection, 1);
    const auto reply = connection.receive(kLong);
    answered = reply && reply->id == 1;
    server.stop();
  });
  while (!server.stopped()) server.serve(1s);
  client.join();
  return answered;
}

void send_until_killed(const Domain& domain) {
  auto connection = connect(domain);
  for (std::uint64_t n = 1; n < kLastMessage; ++n) send(connection, n);
  TracedChild::mark();
  send(connection, kLastMessage);
  TracedChild::mark();
}

LinkServer serve_with(LinkHandler& handler, const Domain& domain) {
  auto server = LinkServer::create(link_of_two(), handler, {.domain = domain});
  if (!server) throw std::runtime_error(server.error().message);
  return std::move(*server);
}

/// "9" or "10": how many messages the server received of a client that was killed in the tenth.
std::string kill_client_after(std::size_t instructions) {
  const TemporaryDomain directory;
  NotingEcho echo;
  LinkServer server = serve_with(echo, directory.domain());
  TracedChild doomed([&] { send_until_killed(directory.domain()); });
  if (doomed.run_to_mark() != Stop::Mark) return "the client failed";
  doomed.step_instructions(instructions);
  doomed.kill();
  while (echo.went == 0) server.serve(1s);
  const std::uint64_t received = echo.last;
  if (!serves_again(directory.domain(), server)) return "the next client gets no answer";
  return echo.wrong ? "a message is torn, lost or came twice" : std::to_string(received);
}

TEST(KilledLink, ClientAtEachInstructionOfASend) {
  std::size_t total = 0;
  {
    const TemporaryDomain directory;
    NotingEcho echo;
    const LinkServer server = serve_with(echo, directory.domain());
    total = count_instructions([&] { send_until_killed(directory.domain()); });
  }
  ASSERT_GT(total, 50U) << "fewer than a send can take";
  std::map<std::string, std::size_t> outcomes;
  const auto chosen = some_moments_to_kill(total);
  for (const std::size_t k : chosen) {
    const std::string seen = kill_client_after(k);
    ASSERT_TRUE(seen == "9" || seen == "10")
        << "killed after " << k << " of " << total << ": " << seen;
    ++outcomes[seen];
  }
  EXPECT_EQ(outcomes.size(), 2U) << "these were not the instructions of a send";
  tried(chosen.size(), fmt::format("of {} instructions: 9 messages come {}x, 10 {}x; none torn, "
                                   "lost or twice, the next client is served",
                                   total + 1, outcomes["9"], outcomes["10"]));
}

/// An echo that stops the process before and after the fatal reply.
class MarkedEcho : public NotingEcho {
 public:
  void received(LinkPeer& peer, const LinkMessage& message) override {
    fatal = message.id == kLastMessage;
    if (fatal) TracedChild::mark();
    NotingEcho::received(peer, message);
  }

  bool fatal = false;
};

void serve_until_killed(const Domain& domain) {
  MarkedEcho echo;
  LinkServer server = serve_with(echo, domain);
  while (!echo.fatal) server.serve(1s);
  TracedChild::mark();
}

/// Sends ten messages, and receives replies as long as there is a server.
class Asking {
 public:
  explicit Asking(const Domain& domain)
      : thread_([this, domain] {
          auto connection = connect(domain);
          for (std::uint64_t n = 1; n <= kLastMessage; ++n) send(connection, n);
          auto reply = connection.receive(kLong);
          for (; reply; reply = connection.receive(kLong)) {
            if (reply->id != ++answered_) wrong_ = true;
          }
          why_ = reply.error();
        }) {}

  /// "9" or "10": how many replies came before the server's death.
  [[nodiscard]] std::string join() {
    thread_.join();
    if (why_ != LinkError::PeerDied) return std::string(to_string(why_));
    return wrong_ ? "a reply is lost or came twice" : std::to_string(answered_);
  }

 private:
  std::uint64_t answered_ = 0;
  bool wrong_ = false;
  LinkError why_ = LinkError::Timeout;
  std::thread thread_;
};

std::string kill_server_after(std::size_t instructions) {
  const TemporaryDomain directory;
  Asking asking(directory.domain());
  {
    TracedChild doomed([&] { serve_until_killed(directory.domain()); });
    if (doomed.run_to_mark() != Stop::Mark) return "the server failed";
    doomed.step_instructions(instructions);
    doomed.kill();
  }
  const std::string seen = asking.join();
  NotingEcho echo;
  LinkServer successor = serve_with(echo, directory.domain());
  if (!serves_again(directory.domain(), successor)) return "the next server gives no answer";
  return seen;
}

TEST(KilledLink, ServerAtEachInstructionOfAReply) {
  std::size_t total = 0;
  {
    const TemporaryDomain directory;
    Asking asking(directory.domain());
    total = count_instructions([&] { serve_until_killed(directory.domain()); });
    static_cast<void>(asking.join());
  }
  ASSERT_GT(total, 50U) << "fewer than a reply can take";
  std::map<std::string, std::size_t> outcomes;
  const auto chosen = some_moments_to_kill(total);
  for (const std::size_t k : chosen) {
    const std::string seen = kill_server_after(k);
    ASSERT_TRUE(seen == "9" || seen == "10")
        << "killed after " << k << " of " << total << ": " << seen;
    ++outcomes[seen];
  }
  EXPECT_EQ(outcomes.size(), 2U) << "these were not the instructions of a reply";
  tried(chosen.size(),
        fmt::format("of {} instructions: 9 replies come {}x, 10 {}x, then the client "
                    "learns of it; the next server answers",
                    total + 1, outcomes["9"], outcomes["10"]));
}

/// Kills `doomed` before its first system call after the mark, at it, at the second, … until it has
/// passed its second mark. `look()` is called after each death, and returns whether all is well.
std::size_t kill_at_each_system_call(const std::function<void(const Domain&)>& prepare,
                                     const std::function<void(const Domain&)>& doomed,
                                     const std::function<bool(const Domain&)>& look) {
  std::size_t tries = 0;
  for (bool over = false; !over; ++tries) {
    const TemporaryDomain directory;
    prepare(directory.domain());
    {
      TracedChild child([&] { doomed(directory.domain()); });
      if (child.run_to_mark() != Stop::Mark) throw std::runtime_error("the child failed");
      for (std::size_t i = 0; i < tries && !over; ++i) {
        const Stop stop = child.step_system_call();
        if (stop == Stop::Ended) throw std::runtime_error("the act failed");
        over = stop == Stop::Mark;
      }
      child.kill();
    }
    EXPECT_TRUE(look(directory.domain())) << "after " << tries << " stops";
    if (testing::Test::HasFailure()) break;
  }
  return tries;
}

TEST(KilledLink, ClientAtEachSystemCallOfConnectAndClose) {
  NotingEcho echo;
  std::optional<LinkServer> server;
  const std::size_t tries = kill_at_each_system_call(
      [&](const Domain& domain) {
        server.reset();
        server.emplace(serve_with(echo, domain));
      },
      [](const Domain& domain) {
        TracedChild::mark();
        { auto connection = connect(domain); }
        TracedChild::mark();
      },
      [&](const Domain& domain) { return serves_again(domain, *server); });
  EXPECT_GT(tries, 20U);
  server.reset();
  tried(tries, "at the entry and exit of each call: the next client is served");
}

TEST(KilledLink, ServerAtEachSystemCallOfCreateAndClose) {
  const std::size_t tries =
      kill_at_each_system_call([](const Domain& /*domain*/) {},
                               [](const Domain& domain) {
                                 NotingEcho echo;
                                 TracedChild::mark();
                                 { const LinkServer server = serve_with(echo, domain); }
                                 TracedChild::mark();
                               },
                               [](const Domain& domain) {
                                 NotingEcho echo;
                                 LinkServer successor = serve_with(echo, domain);
                                 return serves_again(domain, successor);
                               });
  EXPECT_GT(tries, 50U);
  tried(tries, "at the entry and exit of each call: the next server serves");
}

}  // namespace
}  // namespace evo::test
