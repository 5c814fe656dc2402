// SPDX-License-Identifier: Apache-2.0
#include "evo/links/call_server.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>
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

void CallTable::clear() noexcept {
  // The receivers that this destroys find no client any more.
  const auto gone = std::exchange(clients_, {});
}

void CallTable::received(LinkPeer& peer, const LinkMessage& message) {
  Client& client = clients_[peer.index()];
  switch (part_of(message.type)) {
    case static_cast<unsigned>(CallPart::Request):
      return begin(client, message);
    case static_cast<unsigned>(CallPart::Cancel):
      return cancel(client, message.id);
    case static_cast<unsigned>(CallPart::More):
    case static_cast<unsigned>(CallPart::End):
      return receive_more(client, message);
    default:
      return peer.close();  // it speaks something else
  }
}

void CallTable::receive_more(Client& client, const LinkMessage& message) {
  Open* const call = find_call(client, message.id);
  if (call == nullptr || call->receiver == nullptr || call->has_all) return;
  // A copy: the receiver may end the call.
  const std::shared_ptr<CallReceiver> receiver = call->receiver;
  call->has_all = part_of(message.type) == static_cast<unsigned>(CallPart::End);
  if (call->has_all) return receiver->end();
  if (receiver->more(message.payload)) return;
  constexpr std::string_view kWhy = "a message does not match its schema";
  client.peer->send({message.id, reply_type(StatusCode::Internal, method_of(message.type), false),
                     std::as_bytes(std::span(kWhy))});
  close(client.peer->index(), client.serial, message.id);
}

void CallTable::begin(Client& client, const LinkMessage& message) {
  LinkPeer& peer = *client.peer;
  std::uint64_t deadline = 0;
  if (message.payload.size() < kDeadlineSize) return peer.close();  // it speaks something else
  std::memcpy(&deadline, message.payload.data(), sizeof(deadline));
  // Its client has given up.
  if (deadline != 0 && monotonic_ns() >= deadline) return;
  if (client.calls.size() >= kMostCalls) {
    constexpr std::string_view kWhy = "this client has too many open calls";
    const auto type = reply_type(StatusCode::ResourceExhausted, method_of(message.type), false);
    return peer.send({message.id, type, std::as_bytes(std::span(kWhy))});
  }
  handler_->call(LinkCall(shared_from_this(), peer.index(), client.serial, message.id,
                          method_of(message.type), deadline),
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
  if (peer >= clients_.size()) return nullptr;
  const Client& client = clients_[peer];
  return client.serial == serial ? client.peer : nullptr;
}

}  // namespace links

LinkCall::LinkCall(std::shared_ptr<links::CallTable> table, std::uint32_t peer,
                   std::uint64_t serial, std::uint64_t id, std::uint16_t method,
                   std::uint64_t deadline_ns)
    : table_(std::move(table)),
      peer_(peer),
      serial_(serial),
      id_(id),
      method_(method),
      deadline_ns_(deadline_ns) {
  table_->open(peer_, id_);
}

LinkCall::LinkCall(LinkCall&&) noexcept = default;

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
  if (table_ == nullptr) return;
  try {
    finish({StatusCode::Unknown, "the server did not answer the call"});
  } catch (const std::bad_alloc&) {
    end();  // the client waits until its deadline
  }
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
    LinkPeer& peer = *table_->find(peer_, serial_);
    if (payload.size() > peer.max_message()) {
      return finish({StatusCode::ResourceExhausted, "the reply is longer than the link allows"});
    }
    peer.send({id_, links::reply_type(StatusCode::Ok, method_, false), payload});
  }
  end();
}

void LinkCall::finish(const Status& status) {
  if (!cancelled()) {
    LinkPeer& peer = *table_->find(peer_, serial_);
    const auto text = std::as_bytes(std::span(status.message));
    const std::size_t length =
        status.ok() ? 0 : std::min<std::size_t>(text.size(), peer.max_message());
    peer.send({id_, links::reply_type(status.code, method_, false), text.first(length)});
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
  const std::shared_ptr<links::CallTable> table = std::move(table_);
  if (table != nullptr) table->close(peer_, serial_, id_);
}

Result<CallServer> CallServer::create(const LinkDescription& link, CallHandler& handler,
                                      const WriterOptions& options) {
  auto table = std::make_shared<links::CallTable>(handler);
  auto server = LinkServer::create(link, *table, options);
  if (!server) return tl::unexpected(server.error());
  return CallServer(std::move(table), std::move(*server));
}

CallServer::CallServer(std::shared_ptr<links::CallTable> table, LinkServer server) noexcept
    : table_(std::move(table)), server_(std::move(server)) {}
CallServer::CallServer(CallServer&&) noexcept = default;

CallServer& CallServer::operator=(CallServer&& other) noexcept {
  if (this == &other) return *this;
  end_calls();
  server_ = std::move(other.server_);
  table_ = std::move(other.table_);
  return *this;
}

CallServer::~CallServer() {
  end_calls();
}

void CallServer::end_calls() noexcept {
  if (table_ != nullptr) table_->clear();
}

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
