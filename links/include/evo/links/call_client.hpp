// SPDX-License-Identifier: Apache-2.0
/// A client that makes calls, without their types; generated clients are built on it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "evo/links/link_connection.hpp"
#include "evo/links/status.hpp"

namespace evo {

template <class T>
using CallResult = tl::expected<T, Status>;

/// What makes up a call.
struct CallRequest {
  std::uint16_t method = 0;
  std::span<const std::byte> payload = {};
  std::chrono::nanoseconds timeout{0};  ///< zero: no deadline
  bool idempotent = false;              ///< may be executed twice
};

/// One message of the server.
struct CallReply {
  std::vector<std::byte> payload;
  bool more = false;  ///< of a streaming call: it is not the last one
};

/// Use a client from one thread at a time. If its server ends and starts again, the next call
/// connects to the new one, within its deadline.
class CallClient {
 public:
  static Result<CallClient> connect(const LinkDescription& link,
                                    const ConnectOptions& options = {});
  CallClient(CallClient&&) noexcept;
  CallClient& operator=(CallClient&&) noexcept;
  ~CallClient();

  /// Makes a call and waits for the reply. If the server ends before it has answered, this calls
  /// its successor, but only if the first server has not taken the request or the call is
  /// idempotent. So other calls are executed at most once.
  CallResult<CallReply> call(const CallRequest& request, const ReceiveOptions& options = {});

  /// Begins a call. Any number of them may be open.
  CallResult<std::uint64_t> begin(const CallRequest& request);
  /// Sends a further message of such a call, to a server that receives several.
  CallResult<void> send(std::uint64_t call, std::span<const std::byte> payload,
                        std::chrono::nanoseconds timeout);
  /// Says that there will be no more of them.
  CallResult<void> end(std::uint64_t call, std::chrono::nanoseconds timeout);
  /// Waits for the next message of such a call. DeadlineExceeded after `timeout`, or when the
  /// call's own deadline has passed. Only the latter ends the call, see is_open().
  CallResult<CallReply> next(std::uint64_t call, std::chrono::nanoseconds timeout,
                             const ReceiveOptions& options = {});
  /// Gives a call up. Its replies are dropped.
  void cancel(std::uint64_t call);
  /// Whether next() may return another message of this call.
  [[nodiscard]] bool is_open(std::uint64_t call) const { return open_.contains(call); }

 private:
  struct Open {
    std::uint16_t method = 0;
    std::uint64_t deadline_ns = 0;            ///< of the call
    std::uint64_t end_of_request = 0;         ///< position in the ring of requests
    std::deque<CallResult<CallReply>> early;  ///< what has come while another call was waited for
  };

  CallClient(const LinkDescription& link, ConnectOptions options) noexcept;
  Result<void> reconnect(std::chrono::nanoseconds wait);
  /// Sends the request, after connecting if that is necessary.
  CallResult<std::uint64_t> begin_until(const CallRequest& request, std::uint64_t deadline_ns);
  CallResult<CallReply> next_until(std::uint64_t id, std::uint64_t end_ns,
                                   const ReceiveOptions& options);
  CallResult<void> send_part(std::uint64_t call, unsigned part, std::span<const std::byte> payload,
                             std::chrono::nanoseconds timeout);
  void lose_connection();
  /// Gives a reply to the call that it belongs to.
  void sort_in(const LinkMessage& message);
  /// Tells the server of the calls that were given up, as far as there is room.
  void send_cancels();
  CallResult<CallReply> give_up(std::uint64_t id);

  LinkDescription link_;
  ConnectOptions options_;
  std::optional<LinkConnection> connection_;
  std::unordered_map<std::uint64_t, Open> open_;
  std::vector<LinkMessage> cancels_;  ///< that the server does not know of yet
  std::vector<std::byte> buffer_;
  std::uint64_t last_id_ = 0;
};

}  // namespace evo
