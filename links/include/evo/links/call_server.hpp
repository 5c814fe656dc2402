// SPDX-License-Identifier: Apache-2.0
/// A server that answers calls, without their types; generated servers are built on it.
#pragma once

#include <memory>
#include <vector>

#include "evo/links/link_server.hpp"
#include "evo/links/status.hpp"

namespace evo {

namespace links {
class CallTable;
}

/// What receives the further messages of a client that streams. Called by the thread in serve().
class CallReceiver {
 public:
  CallReceiver() = default;
  CallReceiver(const CallReceiver&) = delete;
  CallReceiver& operator=(const CallReceiver&) = delete;
  virtual ~CallReceiver() = default;

  /// The message is valid until the function returns. False if it does not match the schema, which
  /// ends the call.
  virtual bool more(std::span<const std::byte> message) = 0;
  /// The client has sent all its messages.
  virtual void end() = 0;
};

/// A call that the server has not answered yet. A handler may keep it and answer later, from the
/// thread in serve() or between two calls of serve(). If it is destroyed before, the client gets
/// Unknown. After the end of its server it does nothing.
class LinkCall {
 public:
  LinkCall(std::shared_ptr<links::CallTable> table, std::uint32_t peer, std::uint64_t serial,
           std::uint64_t id, std::uint16_t method, std::uint64_t deadline_ns);
  LinkCall(LinkCall&& other) noexcept;
  LinkCall& operator=(LinkCall&& other) noexcept;
  ~LinkCall();

  /// Gives further messages of the client to `receiver`, until the call ends.
  void receive_with(std::shared_ptr<CallReceiver> receiver);
  /// Answers the call. A streaming call ends with this message. If the reply is longer than the
  /// link allows, the client gets ResourceExhausted.
  void reply(std::span<const std::byte> payload);
  /// Ends the call without a reply; of a streaming call, Ok is possible.
  void finish(const Status& status);
  /// Sends one message of a streaming call. WouldBlock: the client does not read; try it again
  /// later.
  LinkResult<void> send(std::span<const std::byte> payload);

  /// Whether the client has cancelled the call or has gone, or the deadline has passed. Replies are
  /// dropped then.
  [[nodiscard]] bool cancelled() const noexcept;
  [[nodiscard]] std::uint64_t deadline_ns() const noexcept { return deadline_ns_; }
  [[nodiscard]] std::uint16_t method() const noexcept { return method_; }

 private:
  void end() noexcept;

  std::shared_ptr<links::CallTable> table_;  // null after the end of the call
  std::uint32_t peer_;
  std::uint64_t serial_;
  std::uint64_t id_;
  std::uint16_t method_;
  std::uint64_t deadline_ns_;  ///< CLOCK_MONOTONIC; 0: none
};

/// What a server does. Called by the thread in serve(); must not throw.
class CallHandler {
 public:
  CallHandler() = default;
  CallHandler(const CallHandler&) = delete;
  CallHandler& operator=(const CallHandler&) = delete;
  virtual ~CallHandler() = default;

  /// The request is valid until the function returns.
  virtual void call(LinkCall call, std::span<const std::byte> request) = 0;
};

class CallServer {
 public:
  /// See LinkServer::create.
  static Result<CallServer> create(const LinkDescription& link, CallHandler& handler,
                                   const WriterOptions& options = {});
  CallServer(CallServer&&) noexcept;
  CallServer& operator=(CallServer&&) noexcept;
  ~CallServer();

  /// See LinkServer::serve. Requests whose deadline has passed are dropped.
  std::size_t serve(std::chrono::nanoseconds timeout, const ServeOptions& options = {});
  void stop() noexcept;
  [[nodiscard]] bool stopped() const noexcept;

 private:
  CallServer(std::shared_ptr<links::CallTable> table, LinkServer server) noexcept;
  /// Ends all calls: their clients go with the server.
  void end_calls() noexcept;

  std::shared_ptr<links::CallTable> table_;
  LinkServer server_;
};

}  // namespace evo
