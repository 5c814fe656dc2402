// SPDX-License-Identifier: Apache-2.0
/// One end of a connection: messages in both directions, in order, each exactly once.
///
/// Use a connection from one thread at a time; it can move to another thread. A forked child must
/// not use its parent's connections.
#pragma once

#include "evo/detail/owned.hpp"
#include "evo/links/description.hpp"
#include "evo/links/link_error.hpp"
#include "evo/options.hpp"

namespace evo {

namespace links {
class Connection;
}

struct ConnectOptions {
  Domain domain = Domain::from_environment();
  /// How long to wait for the server to start.
  std::chrono::nanoseconds wait{0};
  MemoryOptions memory = {};
  /// For a client that sends many messages without waiting for answers. Each send is cheaper, but
  /// the server makes a system call more before it sleeps.
  bool one_way = false;
};

struct ReceiveOptions {
  /// How long to look for a message before sleeping. A sleep and a wake take tens of microseconds.
  std::chrono::nanoseconds spin = std::chrono::microseconds(20);
};

class LinkConnection {
 public:
  static constexpr std::chrono::nanoseconds kForever = std::chrono::nanoseconds::max();

  /// Connects to the server of a link. NotFound, Timeout, NotReady: it does not run, has not
  /// started in time, or does not serve. ReaderTableFull: all connections are in use.
  /// SchemaMismatch.
  static Result<LinkConnection> connect(const LinkDescription& link,
                                        const ConnectOptions& options = {});

  explicit LinkConnection(detail::Owned<links::Connection> state) noexcept;
  LinkConnection(LinkConnection&& other) noexcept;
  LinkConnection& operator=(LinkConnection&& other) noexcept;
  /// Closes the connection. The other end still receives what was sent.
  ~LinkConnection();

  /// Sends a message. While the ring is full, looks again in growing intervals of up to 1 ms. If
  /// the time passes after a part of a long message was sent, the connection is closed.
  LinkResult<void> send(const LinkMessage& message, std::chrono::nanoseconds timeout = kForever);
  /// The same without waiting. Wait-free for a message that fits into one frame. TooLong: the
  /// message is longer than the ring.
  LinkResult<void> try_send(const LinkMessage& message);

  /// Receives the next message, which is valid until the next call.
  LinkResult<LinkMessage> receive(std::chrono::nanoseconds timeout = kForever,
                                  const ReceiveOptions& options = {});

  /// How many bytes of ring this end has sent.
  [[nodiscard]] std::uint64_t sent() const noexcept;
  /// Whether the other end has taken all that was sent up to this position. After the end of the
  /// connection, also whether it may still take that: it may be alive.
  [[nodiscard]] bool may_have_taken(std::uint64_t position) const noexcept;
  /// Longest message, in bytes, that may be sent.
  [[nodiscard]] std::uint64_t max_message() const noexcept;
  /// The connection's number in the link: 0 to max_clients - 1.
  [[nodiscard]] std::uint32_t index() const noexcept;

 private:
  detail::Owned<links::Connection> state_;
};

}  // namespace evo
