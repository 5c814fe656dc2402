// SPDX-License-Identifier: Apache-2.0
#include "evo/links/call_client.hpp"

#include <algorithm>
#include <cstring>

#include "evo/clock.hpp"
#include "evo/detail/waiting.hpp"
#include "evo/links/call_format.hpp"

namespace evo {

namespace {

constexpr std::uint64_t kNever = detail::Wait::kNever;

std::chrono::nanoseconds left_until(std::uint64_t end_ns) {
  if (end_ns == kNever) return LinkConnection::kForever;
  const std::uint64_t now = monotonic_ns();
  return std::chrono::nanoseconds(end_ns > now ? end_ns - now : 0);
}

tl::unexpected<Status> fail(StatusCode code, std::string message, bool maybe_executed = false) {
  return tl::unexpected(Status{code, std::move(message), maybe_executed});
}

StatusCode code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::ReaderTableFull:
    case ErrorCode::ResourceExhausted:
    case ErrorCode::NoSpace:
      return StatusCode::ResourceExhausted;
    case ErrorCode::PermissionDenied:
      return StatusCode::PermissionDenied;
    case ErrorCode::SchemaMismatch:
      return StatusCode::FailedPrecondition;
    default:
      return StatusCode::Unavailable;
  }
}

CallResult<CallReply> reply_of(const LinkMessage& message) {
  const StatusCode code = links::code_of(message.type);
  if (code != StatusCode::Ok) {
    return fail(code, std::string(reinterpret_cast<const char*>(message.payload.data()),
                                  message.payload.size()));
  }
  return CallReply{{message.payload.begin(), message.payload.end()},
                   (message.type & links::kMoreReplies) != 0};
}

}  // namespace

std::string_view to_string(StatusCode code) noexcept {
  constexpr std::string_view kNames[] = {"ok",
                                         "cancelled",
                                         "unknown",
                                         "invalid argument",
                                         "deadline exceeded",
                                         "not found",
                                         "already exists",
                                         "permission denied",
                                         "resource exhausted",
                                         "failed precondition",
                                         "aborted",
                                         "out of range",
                                         "unimplemented",
                                         "internal",
                                         "unavailable",
                                         "data loss"};
  const auto index = static_cast<std::size_t>(code);
  return index < std::size(kNames) ? kNames[index] : "unknown";
}

CallClient::CallClient(const LinkDescription& link, ConnectOptions options) noexcept
    : link_(link), options_(std::move(options)) {}
CallClient::CallClient(CallClient&&) noexcept = default;
CallClient& CallClient::operator=(CallClient&&) noexcept = default;
CallClient::~CallClient() = default;

Result<CallClient> CallClient::connect(const LinkDescription& link, const ConnectOptions& options) {
  CallClient client(link, options);
  if (auto connected = client.reconnect(options.wait); !connected) {
    return tl::unexpected(connected.error());
  }
  return client;
}

Result<void> CallClient::reconnect(std::chrono::nanoseconds wait) {
  ConnectOptions options = options_;
  options.wait = wait;
  auto connection = LinkConnection::connect(link_, options);
  if (!connection) return tl::unexpected(connection.error());
  connection_.emplace(std::move(*connection));
  return {};
}

/// Replies that came before the end are still there.
void CallClient::lose_connection() {
  while (const auto message = connection_->receive(std::chrono::nanoseconds(0))) sort_in(*message);
  for (auto& [id, call] : open_) {
    if (!call.early.empty() && !(call.early.back() && call.early.back()->more)) continue;
    // The server takes a request before it executes it.
    const bool taken = connection_->may_have_taken(call.end_of_request);
    call.early.emplace_back(
        fail(StatusCode::Unavailable, "the server has ended before it answered the call", taken));
  }
  cancels_.clear();
  connection_.reset();
}

void CallClient::sort_in(const LinkMessage& message) {
  const auto call = open_.find(message.id);
  if (call != open_.end()) call->second.early.push_back(reply_of(message));
}

CallResult<std::uint64_t> CallClient::begin_until(const CallRequest& request,
                                                  std::uint64_t deadline_ns) {
  buffer_.resize(links::kDeadlineSize + request.payload.size());
  const std::uint64_t on_wire = deadline_ns == kNever ? 0 : deadline_ns;
  std::memcpy(buffer_.data(), &on_wire, sizeof(on_wire));
  std::ranges::copy(request.payload, buffer_.begin() + links::kDeadlineSize);
  const std::uint64_t id = ++last_id_;
  const LinkMessage message{id, links::request_type(links::CallPart::Request, request.method),
                            buffer_};
  while (true) {
    if (!connection_) {
      auto connected = reconnect(deadline_ns == kNever ? options_.wait : left_until(deadline_ns));
      if (!connected) return fail(code_of(connected.error().code), connected.error().message);
    }
    send_cancels();
    const auto sent = connection_->send(message, left_until(deadline_ns));
    if (sent) break;
    switch (sent.error()) {
      case LinkError::TooLong:
        return fail(StatusCode::ResourceExhausted, "the request is longer than the link allows");
      case LinkError::Timeout:
        return fail(StatusCode::DeadlineExceeded, "the server takes no requests");
      default:
        lose_connection();  // and the server has not seen all of this one
    }
  }
  open_.emplace(id, Open{request.method, deadline_ns, connection_->sent(), {}});
  return id;
}

CallResult<CallReply> CallClient::next_until(std::uint64_t id, std::uint64_t end_ns,
                                             const ReceiveOptions& options) {
  while (true) {
    const auto found = open_.find(id);
    if (found == open_.end()) return fail(StatusCode::FailedPrecondition, "there is no such call");
    Open& call = found->second;
    if (!call.early.empty()) {
      auto reply = std::move(call.early.front());
      call.early.pop_front();
      if (!reply || !reply->more) open_.erase(found);
      return reply;
    }
    send_cancels();
    const std::uint64_t until = std::min(end_ns, call.deadline_ns);
    const auto message = connection_->receive(left_until(until), options);
    if (message) {
      sort_in(*message);
      // The replies of other calls must not hold this one up.
      if (message->id == id || until == kNever || monotonic_ns() < until) continue;
    } else if (message.error() != LinkError::Timeout) {
      lose_connection();
      continue;
    }
    if (call.deadline_ns <= end_ns) return give_up(id);
    return fail(StatusCode::DeadlineExceeded, "no message in time", true);
  }
}

/// The deadline of a call has passed, so a server that has not taken it yet drops it.
CallResult<CallReply> CallClient::give_up(std::uint64_t id) {
  const bool taken = connection_->may_have_taken(open_.at(id).end_of_request);
  cancel(id);
  return fail(StatusCode::DeadlineExceeded, "no reply in time", taken);
}

CallResult<CallReply> CallClient::call(const CallRequest& request, const ReceiveOptions& options) {
  const std::uint64_t deadline =
      request.timeout.count() == 0 ? kNever : detail::end_of_wait(monotonic_ns(), request.timeout);
  while (true) {
    const auto id = begin_until(request, deadline);
    if (!id) return tl::unexpected(id.error());
    auto reply = next_until(*id, deadline, options);
    if (reply) return reply;
    const Status& status = reply.error();
    const bool lost = status.code == StatusCode::Unavailable && !connection_;
    if (!lost || (status.maybe_executed && !request.idempotent)) return reply;
  }
}

CallResult<std::uint64_t> CallClient::begin(const CallRequest& request) {
  return begin_until(request, request.timeout.count() == 0
                                  ? kNever
                                  : detail::end_of_wait(monotonic_ns(), request.timeout));
}

CallResult<CallReply> CallClient::next(std::uint64_t call, std::chrono::nanoseconds timeout,
                                       const ReceiveOptions& options) {
  return next_until(call, detail::end_of_wait(monotonic_ns(), timeout), options);
}

CallResult<void> CallClient::send(std::uint64_t call, std::span<const std::byte> payload,
                                  std::chrono::nanoseconds timeout) {
  return send_part(call, static_cast<unsigned>(links::CallPart::More), payload, timeout);
}

CallResult<void> CallClient::end(std::uint64_t call, std::chrono::nanoseconds timeout) {
  return send_part(call, static_cast<unsigned>(links::CallPart::End), {}, timeout);
}

CallResult<void> CallClient::send_part(std::uint64_t call, unsigned part,
                                       std::span<const std::byte> payload,
                                       std::chrono::nanoseconds timeout) {
  const auto found = open_.find(call);
  if (found == open_.end()) return fail(StatusCode::FailedPrecondition, "the call has ended");
  if (!connection_) return fail(StatusCode::Unavailable, "the server has ended", true);
  const auto type = links::request_type(static_cast<links::CallPart>(part), found->second.method);
  const auto sent = connection_->send({call, type, payload}, timeout);
  if (sent) return {};
  if (sent.error() == LinkError::TooLong) {
    return fail(StatusCode::ResourceExhausted, "the message is longer than the link allows");
  }
  if (sent.error() == LinkError::Timeout) {
    return fail(StatusCode::DeadlineExceeded, "the server takes no messages");
  }
  lose_connection();
  return fail(StatusCode::Unavailable, "the server has ended", true);
}

void CallClient::cancel(std::uint64_t call) {
  const auto found = open_.find(call);
  if (found == open_.end()) return;
  const auto type = links::request_type(links::CallPart::Cancel, found->second.method);
  open_.erase(found);
  if (!connection_) return;
  cancels_.push_back({call, type, {}});
  send_cancels();
}

void CallClient::send_cancels() {
  if (!connection_) return;
  while (!cancels_.empty() && connection_->try_send(cancels_.back())) cancels_.pop_back();
}

}  // namespace evo
