// SPDX-License-Identifier: Apache-2.0
#include "evo/links/call_server.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "call_table.hpp"
#include "evo/clock.hpp"
#include "evo/links/call_format.hpp"

namespace evo {

namespace links {

void CallTable::connected(LinkPeer& peer) {
  if (peer.index() >= clients_.size()) clients_.resize(peer.index() + 1);
  clients_[peer.index()] = {.peer = &peer, .serial = ++serials_, .calls = {}};
}

void CallTable::disconnected(LinkPeer& peer, LinkError /*why*/) {
  // The receivers that this destroys find no client any more.
  const Client gone = std::exchange(clients_[peer.index()], {});
}

void CallTable::received(LinkPeer& peer, const LinkMessage& message) {
  Client& client = clients_[peer.index()];
  const unsigned part = part_of(message.type);
  if (part == static_cast<unsigned>(CallPart::Request)) {
    return begin(peer, client.serial, message);
  }
  if (part == static_cast<unsigned>(CallPart::Cancel)) return cancel(client, message.id);
  const bool more = part == static_cast<unsigned>(CallPart::More);
  if (!more && part != static_cast<unsigned>(CallPart::End)) return peer.close();
  const Open* const call = find_call(client, message.id);
  if (call == nullptr || call->receiver == nullptr) return;
  // A copy: the receiver may end the call.
  const std::shared_ptr<CallReceiver> receiver = call->receiver;
  if (more) {
    receiver->more(message.payload);
  } else {
    receiver->end();
  }
}

void CallTable::begin(LinkPeer& peer, std::uint64_t serial, const LinkMessage& message) {
  std::uint64_t deadline = 0;
  if (message.payload.size() < kDeadlineSize) return peer.close();  // it speaks something else
  std::memcpy(&deadline, message.payload.data(), sizeof(deadline));
  // Its client has given up.
  if (deadline != 0 && monotonic_ns() >= deadline) return;
  handler_->call(
      LinkCall(*this, peer.index(), serial, message.id, method_of(message.type), deadline),
      message.payload.subspan(kDeadlineSize));
}

CallTable::Open* CallTable::find_call(Client& client, std::uint64_t id) noexcept {
  const auto found = std::ranges::find(client.calls, id, &Open::id);
  return found == client.calls.end() ? nullptr : &*found;
}

void CallTable::open(std::uint32_t peer, std::uint64_t id) {
  clients_[peer].calls.push_back({.id = id});
}

void CallTable::receive_with(std::uint32_t peer, std::uint64_t serial, std::uint64_t id,
                             std::shared_ptr<CallReceiver> receiver) noexcept {
  if (find(peer, serial) == nullptr) return;
  Open* const call = find_call(clients_[peer], id);
  if (call != nullptr) call->receiver = std::move(receiver);
}

void CallTable::close(std::uint32_t peer, std::uint64_t serial, std::uint64_t id) noexcept {
  if (find(peer, serial) == nullptr) return;
  auto& calls = clients_[peer].calls;
  const auto found = std::ranges::find(calls, id, &Open::id);
  if (found == calls.end()) return;
  // Destroyed last, because that may close another call.
  const std::shared_ptr<CallReceiver> receiver = std::move(found->receiver);
  calls.erase(found);
}

void CallTable::cancel(Client& client, std::uint64_t id) noexcept {
  Open* const call = find_call(client, id);
  if (call == nullptr) return;
  call->cancelled = true;
  const std::shared_ptr<CallReceiver> receiver = std::move(call->receiver);
}

bool CallTable::is_cancelled(std::uint32_t peer, std::uint64_t serial,
                             std::uint64_t id) const noexcept {
  if (find(peer, serial) == nullptr) return true;
  const auto& calls = clients_[peer].calls;
  const auto found = std::ranges::find(calls, id, &Open::id);
  return found == calls.end() || found->cancelled;
}

LinkPeer* CallTable::find(std::uint32_t peer, std::uint64_t serial) const noexcept {
  const Client& client = clients_[peer];
  return client.serial == serial ? client.peer : nullptr;
}

}  // namespace links

LinkCall::LinkCall(links::CallTable& table, std::uint32_t peer, std::uint64_t serial,
                   std::uint64_t id, std::uint16_t method, std::uint64_t deadline_ns) noexcept
    : table_(&table),
      peer_(peer),
      serial_(serial),
      id_(id),
      method_(method),
      deadline_ns_(deadline_ns) {
  table_->open(peer_, id_);
}

LinkCall::LinkCall(LinkCall&& other) noexcept
    : table_(std::exchange(other.table_, nullptr)),
      peer_(other.peer_),
      serial_(other.serial_),
      id_(other.id_),
      method_(other.method_),
      deadline_ns_(other.deadline_ns_) {}

LinkCall& LinkCall::operator=(LinkCall&& other) noexcept {
  std::swap(table_, other.table_);
  std::swap(peer_, other.peer_);
  std::swap(serial_, other.serial_);
  std::swap(id_, other.id_);
  std::swap(method_, other.method_);
  std::swap(deadline_ns_, other.deadline_ns_);
  return *this;
}

LinkCall::~LinkCall() {
  if (table_ != nullptr) finish({StatusCode::Unknown, "the server did not answer the call"});
}

bool LinkCall::cancelled() const noexcept {
  if (table_ == nullptr || table_->is_cancelled(peer_, serial_, id_)) return true;
  return deadline_ns_ != 0 && monotonic_ns() >= deadline_ns_;
}

void LinkCall::receive_with(std::shared_ptr<CallReceiver> receiver) {
  if (table_ != nullptr) table_->receive_with(peer_, serial_, id_, std::move(receiver));
}

void LinkCall::reply(std::span<const std::byte> payload) {
  if (!cancelled()) {
    table_->find(peer_, serial_)
        ->send({id_, links::reply_type(StatusCode::Ok, method_, false), payload});
  }
  end();
}

void LinkCall::finish(const Status& status) {
  if (!cancelled()) {
    const auto text = std::as_bytes(std::span(status.message));
    table_->find(peer_, serial_)
        ->send({id_, links::reply_type(status.code, method_, false),
                status.ok() ? text.first(0) : text});
  }
  end();
}

LinkResult<void> LinkCall::send(std::span<const std::byte> payload) {
  if (cancelled()) return tl::unexpected(LinkError::Closed);
  return table_->find(peer_, serial_)
      ->try_send({id_, links::reply_type(StatusCode::Ok, method_, true), payload});
}

void LinkCall::end() noexcept {
  // This may destroy the receiver that holds this call.
  links::CallTable* const table = std::exchange(table_, nullptr);
  if (table != nullptr) table->close(peer_, serial_, id_);
}

Result<CallServer> CallServer::create(const LinkDescription& link, CallHandler& handler,
                                      const WriterOptions& options) {
  auto table = std::make_unique<links::CallTable>(handler);
  auto server = LinkServer::create(link, *table, options);
  if (!server) return tl::unexpected(server.error());
  return CallServer(std::move(table), std::move(*server));
}

CallServer::CallServer(std::unique_ptr<links::CallTable> table, LinkServer server) noexcept
    : table_(std::move(table)), server_(std::move(server)) {}
CallServer::CallServer(CallServer&&) noexcept = default;
CallServer& CallServer::operator=(CallServer&&) noexcept = default;
CallServer::~CallServer() = default;

std::size_t CallServer::serve(std::chrono::nanoseconds timeout, const ServeOptions& options) {
  return server_.serve(timeout, options);
}
void CallServer::stop() noexcept {
  server_.stop();
}
bool CallServer::stopped() const noexcept {
  return server_.stopped();
}

}  // namespace evo
