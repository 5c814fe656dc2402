// SPDX-License-Identifier: Apache-2.0
/// The calls that a server has not answered yet.
#pragma once

#include <unordered_map>
#include <vector>

#include "evo/links/call_server.hpp"

namespace evo::links {

class CallTable final : public LinkHandler, public std::enable_shared_from_this<CallTable> {
 public:
  /// Of one client; each operation on a call searches them.
  static constexpr std::size_t kMostCalls = 1024;

  explicit CallTable(CallHandler& handler) noexcept : handler_(&handler) {}

  void connected(LinkPeer& peer) override;
  void received(LinkPeer& peer, const LinkMessage& message) override;
  void disconnected(LinkPeer& peer, LinkError why) override;

  /// Forgets all clients.
  void clear() noexcept;
  void open(std::uint32_t peer, std::uint64_t id);
  void receive_with(std::uint32_t peer, std::uint64_t serial, std::uint64_t id,
                    std::shared_ptr<CallReceiver> receiver) noexcept;
  void close(std::uint32_t peer, std::uint64_t serial, std::uint64_t id) noexcept;
  [[nodiscard]] bool is_cancelled(std::uint32_t peer, std::uint64_t serial,
                                  std::uint64_t id) const noexcept;
  /// Null if it has gone.
  [[nodiscard]] LinkPeer* find(std::uint32_t peer, std::uint64_t serial) const noexcept;

 private:
  struct Open {
    std::uint64_t id;
    bool cancelled = false;
    bool has_all = false;  ///< the client has sent all its messages
    std::shared_ptr<CallReceiver> receiver = {};
  };
  struct Client {
    LinkPeer* peer = nullptr;
    std::uint64_t serial = 0;  ///< connections with the same index differ in it
    std::vector<Open> calls;
  };

  /// Null if it has ended.
  [[nodiscard]] static Open* find_call(Client& client, std::uint64_t id) noexcept;
  void begin(Client& client, const LinkMessage& message);
  void receive_more(Client& client, const LinkMessage& message);
  static void cancel(Client& client, std::uint64_t id) noexcept;

  CallHandler* handler_;
  std::vector<Client> clients_;  // by index
  std::uint64_t serials_ = 0;
};

}  // namespace evo::links
