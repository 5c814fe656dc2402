// SPDX-License-Identifier: Apache-2.0
/// One client of a LinkServer.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "evo/links/link_server.hpp"
#include "evo/links/message.hpp"
#include "server_side.hpp"

namespace evo::links {

class ServedPeer;

/// The clients that have been sent something since they were woken last, and those for which
/// something waits for room.
struct Outbox {
  explicit Outbox(std::size_t connections) {
    sent.reserve(connections);
    waiting.reserve(connections);
  }

  std::vector<ServedPeer*> sent;
  std::vector<ServedPeer*> waiting;
  bool someone_ended = false;
};

class ServedPeer final : public LinkPeer {
 public:
  ServedPeer(ServerSide& side, Outbox& outbox, std::uint32_t index);
  ~ServedPeer() override;

  void send(const LinkMessage& message) override;
  LinkResult<void> try_send(const LinkMessage& message) override;
  void close() noexcept override;
  [[nodiscard]] std::uint32_t index() const noexcept override { return index_; }
  [[nodiscard]] std::uint32_t pid() const noexcept override { return pid_; }
  [[nodiscard]] std::uint64_t max_message() const noexcept override { return side_->max_message(); }

  /// Takes up to `most` messages and gives them to the handler. Returns how many.
  std::size_t visit(LinkHandler& handler, std::size_t most);
  /// Whether a visit would find a message, or the end.
  [[nodiscard]] bool has_news() noexcept {
    return !has_ended() && (gone_.has_value() || receiver_.has_frame());
  }
  /// The same, but false while its replies wait for room: then a visit takes nothing.
  [[nodiscard]] bool has_work() noexcept { return backlog_.empty() && has_news(); }
  [[nodiscard]] bool has_backlog() const noexcept { return !backlog_.empty(); }
  /// Sends what had no room before. Returns whether that is all.
  bool send_backlog();
  /// After a batch of messages, and order_before_wakes(): wakes the client if it sleeps.
  void wake() noexcept;

  /// Looks whether the client has gone. Once everything that it has sent is received, that is the
  /// end.
  void check(bool asks_kernel) noexcept;
  [[nodiscard]] bool has_ended() const noexcept { return ended_.has_value() || closes_; }
  /// Why, if it has.
  [[nodiscard]] LinkError end() const noexcept { return ended_.value_or(LinkError::Closed); }
  [[nodiscard]] bool executes_fences() const noexcept {
    return place().send_order == SendOrder::Fence;
  }
  [[nodiscard]] RingWatch& watch() const noexcept { return place().own().watch; }

  bool watched = false;
  bool reports_death = false;       ///< the kernel says when its process ends
  std::uint32_t turns = 0;          ///< of looking at all connections
  std::uint64_t active_ns = 0;      ///< when it sent something last
  std::uint64_t not_before_ns = 0;  ///< when its ring is worth a look again

 private:
  /// A message that waits for room.
  struct Waiting {
    std::vector<std::byte> payload;
    Outgoing outgoing;
  };

  [[nodiscard]] ServerSide::Place& place() const noexcept { return side_->place(index_); }

  void note_sent();
  void end_with(LinkError why) noexcept;

  ServerSide* side_;
  Outbox* outbox_;
  std::uint32_t index_;
  std::uint32_t pid_;
  FrameSender sender_;
  MessageReceiver receiver_;
  std::deque<Waiting> backlog_;
  std::optional<LinkError> gone_;  ///< but it may have sent something that was not received
  std::optional<LinkError> ended_;
  bool closes_ = false;
  bool sent_ = false;
};

}  // namespace evo::links
