// SPDX-License-Identifier: Apache-2.0
/// How a call ended.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace evo {

/// The codes of gRPC, with the same meanings.
enum class StatusCode : std::uint8_t {
  Ok = 0,
  Cancelled = 1,         ///< by the client
  Unknown = 2,           ///< the handler failed without a code
  InvalidArgument = 3,   ///< the request is wrong, whatever the state of the server
  DeadlineExceeded = 4,  ///< the deadline has passed; the call may have been executed
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,   ///< no connection is free, or the message is too long
  FailedPrecondition = 9,  ///< not in this state of the server
  Aborted = 10,
  OutOfRange = 11,
  Unimplemented = 12,  ///< the server does not know the method
  Internal = 13,       ///< a message does not match its schema, or the ring is damaged
  Unavailable = 14,    ///< no server; see Status::maybe_executed
  DataLoss = 15,
};

[[nodiscard]] std::string_view to_string(StatusCode code) noexcept;

struct [[nodiscard]] Status {
  StatusCode code = StatusCode::Ok;
  std::string message = {};
  /// Unavailable, DeadlineExceeded: the server may have executed the call. If not, it is safe to
  /// try again.
  bool maybe_executed = false;

  [[nodiscard]] bool ok() const noexcept { return code == StatusCode::Ok; }
};

}  // namespace evo
