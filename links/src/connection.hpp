// SPDX-License-Identifier: Apache-2.0
/// What both ends of a connection do alike. They differ in how they wake the other end, how they
/// sleep, and how they learn that it is gone.
#pragma once

#include <optional>

#include "evo/links/link_connection.hpp"
#include "evo/links/link_file.hpp"
#include "evo/links/message.hpp"
#include "mirrored_mapping.hpp"

namespace evo::links {

/// How often an end looks whether the other one is alive: a system call.
inline constexpr std::uint64_t kPeerCheckNs = 5'000'000;

class Connection {
 public:
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  LinkResult<void> send(const LinkMessage& message, std::chrono::nanoseconds timeout);
  LinkResult<void> try_send(const LinkMessage& message);
  LinkResult<LinkMessage> receive(std::chrono::nanoseconds timeout, const ReceiveOptions& options);

  [[nodiscard]] std::uint64_t max_message() const noexcept { return max_message_; }
  [[nodiscard]] const FrameSender& sender() const noexcept { return sender_; }
  /// See LinkConnection::may_have_taken.
  [[nodiscard]] bool may_have_taken(std::uint64_t position) const noexcept;
  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }

 protected:
  explicit Connection(std::uint32_t index) noexcept : index_(index) {}

  /// To be called once, with rings that are empty.
  void start(const FrameSender& sender, const FrameReceiver& receiver, std::uint64_t max_message);

  /// Wakes the other end, if it sleeps.
  virtual void notify() noexcept = 0;
  /// Sleeps until the next frame is there, or the time comes.
  virtual void sleep(std::uint64_t until_ns) noexcept = 0;
  /// Whether the other end has gone, and how: Closed or PeerDied. May make a system call.
  [[nodiscard]] virtual std::optional<LinkError> find_end() noexcept = 0;
  /// Whether the other end takes nothing any more, once it was found to have gone.
  [[nodiscard]] virtual bool is_final() noexcept = 0;
  /// Says in this end's page that it has closed. Called once.
  virtual void close() noexcept = 0;

  /// `final`: the other end takes nothing any more.
  void end(LinkError why, bool final) noexcept;
  [[nodiscard]] const FrameReceiver& frames() const noexcept { return receiver_.frames(); }

 private:
  /// False if the connection has ended.
  bool check_peer(std::uint64_t now_ns) noexcept;

  std::uint32_t index_;
  FrameSender sender_;
  MessageReceiver receiver_;
  std::uint64_t max_message_ = 0;
  std::uint64_t next_check_ns_ = 0;
  std::optional<LinkError> ended_;
  std::optional<std::uint64_t> taken_at_end_;  ///< if the other end takes nothing any more
};

}  // namespace evo::links
