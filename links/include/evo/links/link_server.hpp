// SPDX-License-Identifier: Apache-2.0
/// A server that handles all its clients in one thread, with work in proportion to the active ones.
#pragma once

#include "evo/links/link_connection.hpp"

namespace evo {

/// A client, as its server sees it. Valid from connected() to disconnected().
class LinkPeer {
 public:
  LinkPeer(const LinkPeer&) = delete;
  LinkPeer& operator=(const LinkPeer&) = delete;
  virtual ~LinkPeer() = default;

  /// Sends a message. If the ring is full, the message is copied, and sent once there is room.
  /// Until then the server takes no further messages from this client. A message that is longer
  /// than max_message() ends the connection.
  virtual void send(const LinkMessage& message) = 0;
  /// Sends it now, or not at all: WouldBlock, TooLong.
  virtual LinkResult<void> try_send(const LinkMessage& message) = 0;
  /// Ends the connection after the present handler.
  virtual void close() noexcept = 0;

  [[nodiscard]] virtual std::uint64_t max_message() const noexcept = 0;
  /// The connection's number: 0 to max_clients - 1.
  [[nodiscard]] virtual std::uint32_t index() const noexcept = 0;
  /// In the client's PID namespace; advice.
  [[nodiscard]] virtual std::uint32_t pid() const noexcept = 0;

 protected:
  LinkPeer() = default;
};

/// What a server does. All functions are called by the thread in serve(), and must not throw.
class LinkHandler {
 public:
  LinkHandler() = default;
  LinkHandler(const LinkHandler&) = delete;
  LinkHandler& operator=(const LinkHandler&) = delete;
  virtual ~LinkHandler() = default;

  virtual void connected(LinkPeer& /*peer*/) {}
  /// The message is valid until the function returns.
  virtual void received(LinkPeer& peer, const LinkMessage& message) = 0;
  /// Closed, PeerDied or Damaged. All messages that the client sent before have been received.
  virtual void disconnected(LinkPeer& /*peer*/, LinkError /*why*/) {}
};

struct ServeOptions {
  /// How long to look for messages before sleeping. A sleep and a wake take tens of microseconds.
  std::chrono::nanoseconds spin = std::chrono::microseconds(20);
};

class LinkServer {
 public:
  /// Starts the server of a link; there is one at a time. SegmentBusy names the other one. The
  /// other errors are those of a segment's writer. `handler` must outlive the server.
  static Result<LinkServer> create(const LinkDescription& link, LinkHandler& handler,
                                   const WriterOptions& options = {});
  LinkServer(LinkServer&&) noexcept;
  LinkServer& operator=(LinkServer&&) noexcept;
  /// Ends all connections; does not call the handler.
  ~LinkServer();

  /// Handles the messages that are there. If there are none, waits for some, at most this long.
  /// Returns how many were handled; earlier than that if a client came or went. Call it again and
  /// again, from one thread at a time.
  std::size_t serve(std::chrono::nanoseconds timeout, const ServeOptions& options = {});

  /// Ends the serve() that waits, and all later ones. For any thread, and signal handlers.
  void stop() noexcept;
  /// After stop(), and once an administrator has fenced this server off.
  [[nodiscard]] bool stopped() const noexcept;

 private:
  struct State;
  explicit LinkServer(detail::Owned<State> state) noexcept;

  detail::Owned<State> state_;
};

}  // namespace evo
