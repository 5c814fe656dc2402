// SPDX-License-Identifier: Apache-2.0
/// What generated services and servers are made of.
#pragma once

#include <memory>
#include <utility>

#include "evo/links/call_server.hpp"
#include "evo/links/message_codec.hpp"

namespace evo {

/// The sending end of a streaming call. A service may keep it and send later, from the thread that
/// serves. If it is destroyed before finish(), the client gets Unknown. After the end of its server
/// it does nothing.
template <class Message>
class ReplyStream {
 public:
  explicit ReplyStream(LinkCall call) noexcept : call_(std::move(call)) {}

  /// Sends one message. WouldBlock: the client does not read; try it again later. Closed: it
  /// receives nothing any more. TooLong.
  template <class Value>
  LinkResult<void> send(const Value& value) {
    links::Encoder encoder;
    return call_.send(encoder.template encode<Message>(value));
  }
  /// Sends the last message, and ends the call.
  template <class Value>
  void reply(const Value& value) {
    links::Encoder encoder;
    call_.reply(encoder.template encode<Message>(value));
  }
  /// Ends the call.
  void finish(const Status& status = {}) { call_.finish(status); }

  /// Whether the client has cancelled the call or has gone, or the deadline has passed.
  [[nodiscard]] bool cancelled() const noexcept { return call_.cancelled(); }

 private:
  LinkCall call_;
};

/// What a service returns for a method whose client sends any number of messages. It is destroyed
/// when the call has ended.
template <class Message>
class RequestReceiver {
 public:
  RequestReceiver() = default;
  RequestReceiver(const RequestReceiver&) = delete;
  RequestReceiver& operator=(const RequestReceiver&) = delete;
  virtual ~RequestReceiver() = default;

  /// The message is valid until the function returns.
  virtual void received(const Message& message) = 0;
  /// The client has sent all its messages.
  virtual void ended() {}
};

namespace links {

/// Gives messages that match the schema to a service's receiver.
template <class Message>
class TypedReceiver final : public CallReceiver {
 public:
  bool more(std::span<const std::byte> bytes) override {
    return with_message<Message>(bytes, [this](const Message& message) {
      if (to != nullptr) to->received(message);
    });
  }
  void end() override {
    if (to != nullptr) to->ended();
  }

  std::unique_ptr<RequestReceiver<Message>> to;
};

/// How a generated server answers calls.
class Replier {
 public:
  /// Answers a call with what `handle(request, reply)` returns and fills in.
  template <class Request, class Reply, class Value, class Handle>
  void answer(LinkCall& call, std::span<const std::byte> bytes, Handle&& handle) {
    Value reply{};
    Status status;
    const bool sound = with_message<Request>(
        bytes, [&](const Request& request) { status = handle(request, reply); });
    if (!sound) return refuse(call);
    if (!status.ok()) return call.finish(status);
    call.reply(encoder_.template encode<Reply>(reply));
  }

  /// Begins a streaming call by `handle(request, replies)`.
  template <class Request, class Reply, class Handle>
  void begin(LinkCall& call, std::span<const std::byte> bytes, Handle&& handle) {
    const bool sound = with_message<Request>(bytes, [&](const Request& request) {
      handle(request, ReplyStream<Reply>(std::move(call)));
    });
    if (!sound) refuse(call);
  }

  /// Begins a call whose client streams: `handle(replies)` returns what receives the messages.
  template <class Request, class Reply, class Handle>
  void open(LinkCall& call, Handle&& handle) {
    auto receiver = std::make_shared<TypedReceiver<Request>>();
    call.receive_with(receiver);
    receiver->to = handle(ReplyStream<Reply>(std::move(call)));
  }

  /// Answers a call of a method that a later version of the schema has.
  static void refuse_method(LinkCall& call) {
    call.finish({StatusCode::Unimplemented, "this server does not know the method"});
  }

 private:
  static void refuse(LinkCall& call) {
    call.finish({StatusCode::Internal, "the request does not match its schema"});
  }

  Encoder encoder_;
};

/// The base of a generated server. `Dispatch::call(service, replier, call, request)` calls the
/// service's function.
template <class Link, class Service, class Dispatch>
class TypedServer {
 public:
  /// Handles the calls that are there. If there are none, waits for some, at most this long.
  /// Returns how many messages were handled; earlier if a client came or went. Call it again and
  /// again, from one thread at a time.
  std::size_t serve(std::chrono::nanoseconds timeout, const ServeOptions& options = {}) {
    return server_.serve(timeout, options);
  }
  /// Ends the serve() that waits, and all later ones. For any thread, and signal handlers.
  void stop() noexcept { server_.stop(); }
  /// After stop(), and once an administrator has fenced this server off.
  [[nodiscard]] bool stopped() const noexcept { return server_.stopped(); }

 protected:
  template <class Server>
  static Result<Server> create_as(Service& service, const WriterOptions& options) {
    auto handler = std::make_unique<Handler>(service);
    auto server = CallServer::create(describe_link<Link>(), *handler, options);
    if (!server) return tl::unexpected(std::move(server.error()));
    return Server(std::move(handler), std::move(*server));
  }

  class Handler final : public CallHandler {
   public:
    explicit Handler(Service& service) noexcept : service_(&service) {}
    void call(LinkCall call, std::span<const std::byte> request) override {
      Dispatch::call(*service_, replier_, call, request);
    }

   private:
    Service* service_;
    Replier replier_;
  };

  TypedServer(std::unique_ptr<Handler> handler, CallServer server) noexcept
      : handler_(std::move(handler)), server_(std::move(server)) {}

 private:
  std::unique_ptr<Handler> handler_;  // the server refers to it
  CallServer server_;
};

}  // namespace links

}  // namespace evo
