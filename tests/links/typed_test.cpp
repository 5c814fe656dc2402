// SPDX-License-Identifier: Apache-2.0
/// A generated service: its server and its client.
#include <gtest/gtest.h>

#include <atomic>
#include <motion.evo.hpp>
#include <thread>

#include "link_fixture.hpp"

namespace evo::links::test {
namespace {

/// Sends each position back.
class Hand : public RequestReceiver<Position> {
 public:
  explicit Hand(ReplyStream<Position> replies) : replies_(std::move(replies)) {}
  void received(const Position& message) override { EXPECT_TRUE(replies_.send(message)); }
  void ended() override { replies_.finish(); }

 private:
  ReplyStream<Position> replies_;
};

/// Accepts a path if it is not longer than 3 positions.
class Path : public RequestReceiver<Position> {
 public:
  explicit Path(ReplyStream<MoveReply> replies) : replies_(std::move(replies)) {}
  void received(const Position& /*message*/) override { ++length_; }
  void ended() override {
    MoveReplyT reply;
    reply.accepted = length_ <= 3;
    reply.reason = std::to_string(length_) + " positions";
    replies_.reply(reply);
  }

 private:
  ReplyStream<MoveReply> replies_;
  int length_ = 0;
};

class Planner : public MotionService {
 public:
  Status move(const MoveRequest& request, MoveReplyT& reply) override {
    if (request.target() > 400) return {StatusCode::OutOfRange, "beyond the end"};
    reply.accepted = request.axis() == 1;
    reply.reason = reply.accepted ? "" : "no such axis";
    return {};
  }
  void follow(const MoveRequest& request, ReplyStream<Position> replies) override {
    for (double at = 0; at < request.target(); at += 1) EXPECT_TRUE(replies.send(Position{at}));
    replies.finish();
  }
  std::unique_ptr<RequestReceiver<Position>> path(ReplyStream<MoveReply> replies) override {
    return std::make_unique<Path>(std::move(replies));
  }
  std::unique_ptr<RequestReceiver<Position>> jog(ReplyStream<Position> replies) override {
    if (!may_jog) return nullptr;
    return std::make_unique<Hand>(std::move(replies));
  }

  std::atomic<bool> may_jog{true};
};

class Typed : public LinkTest {
 protected:
  Typed()
      : server_(MotionServer::create(planner_, {.domain = domain()}).value()),
        serving_([this] {
          while (!server_.stopped()) server_.serve(1s);
        }),
        client_(MotionClient::connect({.domain = domain(), .wait = kLong}).value()) {}
  ~Typed() override {
    server_.stop();
    serving_.join();
  }

  [[nodiscard]] static MoveRequestT request(std::uint8_t axis, double target) {
    MoveRequestT request;
    request.axis = axis;
    request.target = target;
    return request;
  }

  Planner planner_;
  MotionServer server_;
  std::thread serving_;
  MotionClient client_;
};

TEST_F(Typed, ATableIsAnsweredByATable) {
  const auto reply = client_.move(request(1, 3.5));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_TRUE((*reply)->accepted());
  const auto refused = client_.move(request(2, 3.5), kLong);
  ASSERT_TRUE(refused);
  EXPECT_FALSE((*refused)->accepted());
  EXPECT_EQ((*refused)->reason()->str(), "no such axis");
}

TEST_F(Typed, AStatusTakesThePlaceOfAReply) {
  const auto refused = client_.move(request(1, 401));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, StatusCode::OutOfRange);
  EXPECT_EQ(refused.error().message, "beyond the end");
}

TEST_F(Typed, RepliesOfAStreamAreStructs) {
  auto replies = client_.follow(request(1, 5));
  ASSERT_TRUE(replies);
  for (double at = 0; at < 5; at += 1) {
    const auto position = replies->next(kLong);
    ASSERT_TRUE(position && *position);
    EXPECT_EQ((**position)->value, at);
  }
  EXPECT_FALSE(replies->next(kLong).value());
  EXPECT_FALSE(replies->next(kLong).value()) << "each later time, too";
}

TEST_F(Typed, AClientSendsAnyNumberOfMessages) {
  auto call = client_.path();
  ASSERT_TRUE(call);
  for (double at = 0; at < 4; at += 1) EXPECT_TRUE(call->send(Position{at}));
  EXPECT_TRUE(call->end());
  const auto reply = call->next(kLong);
  ASSERT_TRUE(reply && *reply);
  EXPECT_FALSE((**reply)->accepted());
  EXPECT_EQ((**reply)->reason()->str(), "4 positions");
  EXPECT_FALSE(call->next(kLong).value());
}

TEST_F(Typed, BothSidesSendAnyNumberOfMessages) {
  auto call = client_.jog();
  ASSERT_TRUE(call);
  for (double at = 0; at < 50; at += 1) {
    EXPECT_TRUE(call->send(Position{at}));
    const auto position = call->next(kLong);
    ASSERT_TRUE(position && *position);
    EXPECT_EQ((**position)->value, at);
  }
  EXPECT_TRUE(call->end());
  EXPECT_FALSE(call->next(kLong).value());
  EXPECT_FALSE(call->send(Position{1}));
}

TEST_F(Typed, AServiceMayRefuseAStream) {
  planner_.may_jog = false;
  auto call = client_.jog();
  ASSERT_TRUE(call);
  const auto refused = call->next(kLong);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, StatusCode::Unknown);
}

TEST_F(Typed, ACancelledStreamEndsItsReceiver) {
  {
    auto call = client_.jog();
    ASSERT_TRUE(call);
    EXPECT_TRUE(call->send(Position{1}));
    EXPECT_TRUE(call->next(kLong).value());
  }
  EXPECT_TRUE(client_.move(request(1, 1))) << "after it";
}

TEST_F(Typed, AStreamOfBytesThatMatchNoSchemaEnds) {
  auto raw = CallClient::connect(describe_link<MotionLink>(), {.domain = domain(), .wait = kLong});
  ASSERT_TRUE(raw);
  const auto call = raw->begin({.method = 4, .payload = {}, .timeout = kLong});
  ASSERT_TRUE(call && raw->send(*call, bytes(7), kLong));
  EXPECT_EQ(raw->next(*call, kLong).error().code, StatusCode::Internal);
}

TEST_F(Typed, BytesThatMatchNoSchemaAreRefused) {
  auto raw = CallClient::connect(describe_link<MotionLink>(), {.domain = domain(), .wait = kLong});
  ASSERT_TRUE(raw);
  const auto reply = raw->call({.method = 1, .payload = bytes(7), .timeout = kLong});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, StatusCode::Internal);
  const auto unknown = raw->call({.method = 99, .payload = {}, .timeout = kLong});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, StatusCode::Unimplemented);
}

TEST_F(LinkTest, AServerMayEndDuringAStream) {
  Planner planner;
  auto server = MotionServer::create(planner, {.domain = domain()}).value();
  auto client = MotionClient::connect({.domain = domain()}).value();
  auto call = client.jog(kLong);
  ASSERT_TRUE(call && call->send(Position{1}));
  while (server.serve(kLong / 10) == 0) {
  }
  { const MotionServer ended = std::move(server); }
  while (const auto position = call->next(kLong)) ASSERT_TRUE(*position);
  EXPECT_EQ(call->next(kLong).value().has_value(), false);
}

}  // namespace
}  // namespace evo::links::test
