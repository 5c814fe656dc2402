// SPDX-License-Identifier: Apache-2.0
/// Calls: replies, errors, deadlines, streams, and what happens to a call whose server or client
/// dies.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>

#include "child_process.hpp"
#include "evo/clock.hpp"
#include "evo/links/call_client.hpp"
#include "evo/links/call_server.hpp"
#include "link_fixture.hpp"

namespace evo::links::test {
namespace {

using evo::test::Child;
using evo::test::die;

enum Method : std::uint16_t {
  kEcho = 1,
  kRefuse,
  kForget,
  kCount,
  kKeep,
  kDie,
  kTooLong,
  kStream,
  kUnknown
};

/// Counts what a client that streams sends.
class CountingReceiver : public CallReceiver {
 public:
  bool more(std::span<const std::byte> /*message*/) override {
    ++messages;
    return true;
  }
  void end() override { ++ends; }

  int messages = 0;
  int ends = 0;
};

/// Counts what it executes.
class Services : public CallHandler {
 public:
  void call(LinkCall call, std::span<const std::byte> request) override {
    ++executed;
    switch (call.method()) {
      case kEcho:
        return call.reply(request);
      case kRefuse:
        return call.finish({StatusCode::FailedPrecondition, "not now"});
      case kForget:
        return;
      case kCount:
        for (int n = 0; n < 3; ++n) EXPECT_TRUE(call.send(request.first(1)));
        return call.finish({});
      case kKeep:
        kept.push_back(std::move(call));
        return;
      case kDie:
        die();
      case kStream:
        call.receive_with(receiver);
        kept.push_back(std::move(call));
        return;
      case kTooLong:
        return call.reply(too_long);
      default:
        return call.finish({StatusCode::Unimplemented, "no such method"});
    }
  }

  const std::vector<std::byte> too_long = std::vector<std::byte>(100'001);
  std::shared_ptr<CountingReceiver> receiver = std::make_shared<CountingReceiver>();
  std::atomic<int> executed{0};
  std::deque<LinkCall> kept;
};

class Calls : public LinkTest {
 protected:
  [[nodiscard]] CallServer server() {
    return CallServer::create(link(), services_, {.domain = domain()}).value();
  }
  [[nodiscard]] CallClient caller() const {
    return CallClient::connect(link(), {.domain = domain(), .wait = kLong}).value();
  }
  [[nodiscard]] static CallRequest request(std::uint16_t method, std::span<const std::byte> payload,
                                           std::chrono::nanoseconds timeout = kLong) {
    return {.method = method, .payload = payload, .timeout = timeout};
  }

  Services services_;
};

class ServingCalls {
 public:
  explicit ServingCalls(CallServer& server)
      : server_(&server), thread_([&server] {
          while (!server.stopped()) server.serve(1s);
        }) {}
  ~ServingCalls() {
    server_->stop();
    thread_.join();
  }

 private:
  CallServer* server_;
  std::thread thread_;
};

TEST_F(Calls, AreAnswered) {
  auto server = this->server();
  const ServingCalls serving(server);
  auto client = caller();
  for (const std::size_t size : {0U, 1U, 32U, 33U, 3'000U, 90'000U}) {
    const auto reply = client.call(request(kEcho, bytes(size)));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->payload, bytes(size));
  }
}

TEST_F(Calls, HaveAStatus) {
  auto server = this->server();
  const ServingCalls serving(server);
  auto client = caller();
  const auto refused = client.call(request(kRefuse, {}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, StatusCode::FailedPrecondition);
  EXPECT_EQ(refused.error().message, "not now");
  EXPECT_EQ(client.call(request(kForget, {})).error().code, StatusCode::Unknown);
  EXPECT_EQ(client.call(request(kUnknown, {})).error().code, StatusCode::Unimplemented);
  EXPECT_EQ(client.call(request(kEcho, bytes(200'000))).error().code,
            StatusCode::ResourceExhausted);
}

TEST_F(Calls, AreManyAtATime) {
  auto server = this->server();
  const ServingCalls serving(server);
  auto client = caller();
  std::vector<std::uint64_t> open;
  for (std::size_t n = 0; n < 20; ++n) {
    open.push_back(client.begin(request(kEcho, bytes(n))).value());
  }
  for (std::size_t n = 20; n-- > 0;) {
    EXPECT_EQ(client.next(open[n], kLong).value().payload, bytes(n)) << "in any order";
  }
  EXPECT_EQ(client.next(open[0], kLong).error().code, StatusCode::FailedPrecondition);
}

TEST_F(Calls, MayHaveSeveralReplies) {
  auto server = this->server();
  const ServingCalls serving(server);
  auto client = caller();
  const std::uint64_t call = client.begin(request(kCount, bytes(4))).value();
  for (int n = 0; n < 3; ++n) {
    const auto reply = client.next(call, kLong);
    ASSERT_TRUE(reply);
    EXPECT_TRUE(reply->more);
    EXPECT_EQ(reply->payload, bytes(1));
  }
  const auto last = client.next(call, kLong);
  ASSERT_TRUE(last);
  EXPECT_FALSE(last->more);
}

TEST_F(Calls, AreNotExecutedAfterTheirDeadline) {
  auto server = this->server();
  auto client = caller();
  const auto late = client.call(request(kEcho, {}, 1ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, StatusCode::DeadlineExceeded);
  EXPECT_FALSE(late.error().maybe_executed) << "the server has not even taken it";
  std::thread again([&] { EXPECT_TRUE(client.call(request(kEcho, {}))); });
  while (services_.executed == 0) server.serve(kLong);
  again.join();
  EXPECT_EQ(services_.executed, 1) << "the expired one was dropped";
}

TEST_F(Calls, AreAnsweredLaterUnlessCancelled) {
  auto server = this->server();
  auto client = caller();
  const std::uint64_t first = client.begin(request(kKeep, {})).value();
  const std::uint64_t second = client.begin(request(kKeep, {})).value();
  while (services_.kept.size() != 2) server.serve(kLong);
  client.cancel(second);
  while (!services_.kept[1].cancelled()) server.serve(10ms);
  EXPECT_FALSE(services_.kept[0].cancelled());
  services_.kept[1].reply(bytes(2));
  services_.kept[0].reply(bytes(1));
  server.serve(0ns);
  EXPECT_EQ(client.next(first, kLong).value().payload, bytes(1));
  EXPECT_EQ(client.next(second, kLong).error().code, StatusCode::FailedPrecondition);
}

TEST_F(Calls, OfADeadClientAreCancelled) {
  auto server = this->server();
  Child child([&]() -> std::string {
    auto client = caller();
    static_cast<void>(client.begin(request(kKeep, {})));
    die();
  });
  while (services_.kept.empty()) server.serve(kLong);
  while (!services_.kept[0].cancelled()) server.serve(kLong);
  services_.kept[0].reply(bytes(1));
}

TEST_F(Calls, GoOnWithTheNextServer) {
  Child child([&]() -> std::string {
    auto server = this->server();
    while (true) server.serve(kLong);
  });
  auto client = caller();
  EXPECT_TRUE(client.call(request(kEcho, {})));
  const auto lost = client.call(request(kDie, {}));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, StatusCode::Unavailable);
  EXPECT_TRUE(lost.error().maybe_executed);
  EXPECT_TRUE(child.join().killed_by(SIGKILL));

  std::thread successor([&] {
    std::this_thread::sleep_for(20ms);
    auto server = this->server();
    while (services_.executed != 1) server.serve(kLong);
    server.serve(0ns);
  });
  const auto reply = client.call(request(kEcho, bytes(9)));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->payload, bytes(9));
  successor.join();
}

TEST_F(Calls, ThatAreIdempotentAreMadeAgain) {
  Child child([&]() -> std::string {
    auto server = this->server();
    while (services_.kept.empty()) server.serve(kLong);
    die();
  });
  auto client = caller();
  std::thread successor([&] {
    EXPECT_TRUE(child.join().killed_by(SIGKILL));
    auto server = this->server();
    while (services_.kept.empty()) server.serve(kLong);
    services_.kept[0].reply(bytes(7));
    services_.kept.clear();
    server.serve(0ns);
  });
  CallRequest keep = request(kKeep, {});
  keep.idempotent = true;
  const auto reply = client.call(keep);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->payload, bytes(7));
  successor.join();
}

TEST_F(Calls, EndAtTheirDeadline) {
  auto server = this->server();
  const ServingCalls serving(server);
  auto client = caller();
  const std::uint64_t call = client.begin(request(kKeep, {}, 50ms)).value();
  const auto soon = client.next(call, 1ms);
  ASSERT_FALSE(soon);
  EXPECT_EQ(soon.error().code, StatusCode::DeadlineExceeded);
  EXPECT_TRUE(client.is_open(call)) << "only this wait has ended";
  const auto late = client.next(call, kLong);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, StatusCode::DeadlineExceeded);
  EXPECT_TRUE(late.error().maybe_executed);
  EXPECT_FALSE(client.is_open(call));
}

TEST_F(Calls, WhoseReplyIsTooLongKeepTheConnection) {
  auto server = this->server();
  const ServingCalls serving(server);
  auto client = caller();
  CallRequest too_long = request(kTooLong, {});
  too_long.idempotent = true;
  EXPECT_EQ(client.call(too_long).error().code, StatusCode::ResourceExhausted);
  EXPECT_EQ(services_.executed, 1);
  EXPECT_TRUE(client.call(request(kEcho, {})));
}

TEST_F(Calls, MayHaveBeenExecutedByAServerThatIsAlive) {
  auto server = this->server();
  auto client = caller();
  const std::uint64_t first = client.begin(request(kEcho, {})).value();
  const auto half = client.call(request(kEcho, bytes(50'000), 20ms));
  EXPECT_EQ(half.error().code, StatusCode::DeadlineExceeded) << "it was sent in part";
  const auto lost = client.next(first, kLong);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, StatusCode::Unavailable);
  EXPECT_TRUE(lost.error().maybe_executed) << "the server is about to take it";
  while (services_.executed == 0) server.serve(kLong / 10);
}

TEST_F(Calls, AreToldApartFromThoseThatTheServerNeverTook) {
  Child child([&]() -> std::string {
    auto server = this->server();
    while (services_.kept.empty()) server.serve(kLong / 10);
    die();
  });
  auto client = caller();
  const std::uint64_t taken = client.begin(request(kKeep, {})).value();
  EXPECT_TRUE(client.next(taken, kLong).error().maybe_executed);
  EXPECT_TRUE(child.join().killed_by(SIGKILL));
}

TEST_F(Calls, ThatAreKeptOutliveTheirServer) {
  {
    auto server = this->server();
    auto client = caller();
    static_cast<void>(client.begin(request(kKeep, {})));
    while (services_.kept.empty()) server.serve(kLong / 10);
  }
  EXPECT_TRUE(services_.kept[0].cancelled());
  services_.kept[0].reply(bytes(1));
  services_.kept.clear();
}

TEST_F(Calls, ReceiveNothingAfterTheEnd) {
  auto server = this->server();
  auto client = caller();
  const std::uint64_t call = client.begin(request(kStream, {})).value();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(client.send(call, bytes(1), kLong));
    EXPECT_TRUE(client.end(call, kLong));
  }
  const std::uint64_t last = client.begin(request(kKeep, {})).value();
  while (services_.kept.size() != 2) server.serve(kLong / 10);
  EXPECT_EQ(services_.receiver->messages, 1);
  EXPECT_EQ(services_.receiver->ends, 1);
  client.cancel(last);
}

TEST_F(Calls, OfOneClientAreNotUnlimited) {
  auto server = this->server();
  const ServingCalls serving(server);
  auto client = caller();
  std::vector<std::uint64_t> open;
  for (int i = 0; i < 1025; ++i) open.push_back(client.begin(request(kKeep, {})).value());
  EXPECT_EQ(client.next(open.back(), kLong).error().code, StatusCode::ResourceExhausted);
}

TEST_F(Calls, FailIfThereIsNoServer) {
  auto server = std::make_unique<CallServer>(this->server());
  auto client = caller();
  server.reset();
  const auto reply = client.call(request(kEcho, {}, 30ms));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, StatusCode::Unavailable);
  EXPECT_FALSE(reply.error().maybe_executed);
}

}  // namespace
}  // namespace evo::links::test
