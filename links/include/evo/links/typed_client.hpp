// SPDX-License-Identifier: Apache-2.0
/// What generated clients are made of.
#pragma once

#include <optional>
#include <utility>

#include "evo/links/call_client.hpp"
#include "evo/links/message_codec.hpp"

namespace evo {

namespace links {

/// The message of a reply. Internal: it does not match the schema.
template <class Message>
CallResult<Received<Message>> received(CallResult<CallReply>&& reply) {
  if (!reply) return tl::unexpected(std::move(reply.error()));
  auto message = Received<Message>::of(std::move(reply->payload));
  if (message) return std::move(*message);
  return tl::unexpected(Status{StatusCode::Internal, "the reply does not match its schema", true});
}

}  // namespace links

/// The replies of a streaming call. Its client must stay, and not be moved, as long as it is used.
/// The destructor cancels the call if it has not ended.
template <class Message>
class ReplyReader {
 public:
  ReplyReader(CallClient& client, std::uint64_t call) noexcept : client_(&client), call_(call) {}
  ReplyReader(ReplyReader&& other) noexcept
      : client_(std::exchange(other.client_, nullptr)), call_(other.call_) {}
  ReplyReader& operator=(ReplyReader&& other) noexcept {
    std::swap(client_, other.client_);
    std::swap(call_, other.call_);
    return *this;
  }
  ~ReplyReader() { cancel(); }

  /// Waits for the next reply; none after the last one. After DeadlineExceeded because of
  /// `timeout`, and after Internal for a message that does not match the schema, the call goes on.
  CallResult<std::optional<Received<Message>>> next(
      std::chrono::nanoseconds timeout = LinkConnection::kForever,
      const ReceiveOptions& options = {}) {
    if (client_ == nullptr) return std::nullopt;
    auto reply = client_->next(call_, timeout, options);
    if (!client_->is_open(call_)) client_ = nullptr;
    if (reply && !reply->more && reply->payload.empty()) return std::nullopt;
    auto message = links::received<Message>(std::move(reply));
    if (!message) return tl::unexpected(std::move(message.error()));
    return std::optional(std::move(*message));
  }

  /// Gives the call up.
  void cancel() noexcept {
    if (client_ != nullptr) client_->cancel(call_);
    client_ = nullptr;
  }

 protected:
  /// Null after the end.
  [[nodiscard]] CallClient* client() const noexcept { return client_; }
  [[nodiscard]] std::uint64_t call() const noexcept { return call_; }

 private:
  CallClient* client_;
  std::uint64_t call_;
};

/// A call to which both sides, or the client, send any number of messages.
template <class Request, class Reply>
class CallStream : public ReplyReader<Reply> {
 public:
  using ReplyReader<Reply>::ReplyReader;

  /// Sends a message. While the server takes none, waits at most this long.
  template <class Value>
  CallResult<void> send(const Value& value,
                        std::chrono::nanoseconds timeout = LinkConnection::kForever) {
    if (this->client() == nullptr) return ended();
    return this->client()->send(this->call(), encoder_.template encode<Request>(value), timeout);
  }
  /// Says that there will be no more messages. The replies can still be received.
  CallResult<void> end(std::chrono::nanoseconds timeout = LinkConnection::kForever) {
    if (this->client() == nullptr) return ended();
    return this->client()->end(this->call(), timeout);
  }

 private:
  static CallResult<void> ended() {
    return tl::unexpected(Status{StatusCode::FailedPrecondition, "the call has ended"});
  }

  links::Encoder encoder_;
};

namespace links {

/// What a generated client has.
template <class Link>
class TypedClient {
 public:
  explicit TypedClient(CallClient client) noexcept : client_(std::move(client)) {}

  static Result<TypedClient> connect(const ConnectOptions& options) {
    auto client = CallClient::connect(describe_link<Link>(), options);
    if (!client) return tl::unexpected(std::move(client.error()));
    return TypedClient(std::move(*client));
  }

  /// `kMethod`: its index in Link::methods. No time: as long as the schema says.
  template <std::size_t kMethod, class Request, class Reply, class Value>
  CallResult<Received<Reply>> call(const Value& value, std::chrono::nanoseconds timeout,
                                   const ReceiveOptions& options) {
    return received<Reply>(client_.call(request<kMethod, Request>(value, timeout), options));
  }

  template <std::size_t kMethod, class Request, class Reply, class Value>
  CallResult<ReplyReader<Reply>> stream(const Value& value, std::chrono::nanoseconds timeout) {
    const auto call = client_.begin(request<kMethod, Request>(value, timeout));
    if (!call) return tl::unexpected(call.error());
    return ReplyReader<Reply>(client_, *call);
  }

  template <std::size_t kMethod, class Request, class Reply>
  CallResult<CallStream<Request, Reply>> open(std::chrono::nanoseconds timeout) {
    const auto call = client_.begin(request_of<kMethod>({}, timeout));
    if (!call) return tl::unexpected(call.error());
    return CallStream<Request, Reply>(client_, *call);
  }

 private:
  template <std::size_t kMethod, class Request, class Value>
  CallRequest request(const Value& value, std::chrono::nanoseconds timeout) {
    return request_of<kMethod>(encoder_.template encode<Request>(value), timeout);
  }
  template <std::size_t kMethod>
  static CallRequest request_of(std::span<const std::byte> payload,
                                std::chrono::nanoseconds timeout) {
    constexpr const MethodInfo& kInfo = Link::methods[kMethod];
    return {.method = kInfo.number,
            .payload = payload,
            .timeout = timeout == std::chrono::nanoseconds(0) ? kInfo.deadline : timeout,
            .idempotent = kInfo.idempotent};
  }

  CallClient client_;
  Encoder encoder_;
};

}  // namespace links

}  // namespace evo
