// SPDX-License-Identifier: Apache-2.0
#include "evo/links/link_connection.hpp"

#include "client_connection.hpp"

namespace evo {

Result<LinkConnection> LinkConnection::connect(const LinkDescription& link,
                                               const ConnectOptions& options) {
  auto connection = links::ClientConnection::make(link, options);
  if (!connection) return tl::unexpected(connection.error());
  return LinkConnection(detail::Owned<links::Connection>(connection->release()));
}

LinkConnection::LinkConnection(detail::Owned<links::Connection> state) noexcept
    : state_(std::move(state)) {}
LinkConnection::LinkConnection(LinkConnection&&) noexcept = default;
LinkConnection& LinkConnection::operator=(LinkConnection&&) noexcept = default;
LinkConnection::~LinkConnection() = default;

LinkResult<void> LinkConnection::send(const LinkMessage& message,
                                      std::chrono::nanoseconds timeout) {
  return state_->send(message, timeout);
}
LinkResult<void> LinkConnection::try_send(const LinkMessage& message) {
  return state_->try_send(message);
}
LinkResult<LinkMessage> LinkConnection::receive(std::chrono::nanoseconds timeout,
                                                const ReceiveOptions& options) {
  return state_->receive(timeout, options);
}
std::uint64_t LinkConnection::sent() const noexcept {
  return state_->sender().sent();
}
bool LinkConnection::may_have_taken(std::uint64_t position) const noexcept {
  return state_->may_have_taken(position);
}
std::uint64_t LinkConnection::max_message() const noexcept {
  return state_->max_message();
}
std::uint32_t LinkConnection::index() const noexcept {
  return state_->index();
}

}  // namespace evo
