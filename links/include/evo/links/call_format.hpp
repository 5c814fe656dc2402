// SPDX-License-Identifier: Apache-2.0
/// Calls as messages of a connection. See link_format.md.
///
/// The id of a message is the number of the call, which its client counts from 1. The type holds
/// the method and what the message is; bits 0 to 10 are the method's number.
///
///     from the client   bits 12 to 15: CallPart
///     from the server   bits 12 to 15: StatusCode; bit 11: more messages follow
///
/// The payload of CallPart::Request begins with its deadline, in ns of CLOCK_MONOTONIC; 0: none.
/// The payload of a reply that is not Ok is the status's message.
#pragma once

#include <cstddef>
#include <cstdint>

#include "evo/links/status.hpp"

namespace evo::links {

enum class CallPart : std::uint8_t {
  Request = 0,  ///< begins a call
  More = 1,     ///< another message of a client that streams
  End = 2,      ///< such a client has sent all its messages
  Cancel = 3,   ///< the client does not want the reply any more
};

inline constexpr std::uint16_t kMostMethods = 0x7ff;
inline constexpr std::uint16_t kMoreReplies = 0x800;
inline constexpr std::size_t kDeadlineSize = 8;

constexpr std::uint16_t method_of(std::uint16_t type) {
  return type & kMostMethods;
}
constexpr std::uint16_t request_type(CallPart part, std::uint16_t method) {
  return static_cast<std::uint16_t>(static_cast<unsigned>(part) << 12 | method);
}
constexpr unsigned part_of(std::uint16_t type) {
  return type >> 12;
}
constexpr std::uint16_t reply_type(StatusCode code, std::uint16_t method, bool more) {
  return static_cast<std::uint16_t>(static_cast<unsigned>(code) << 12 | method |
                                    (more ? kMoreReplies : 0U));
}
constexpr StatusCode code_of(std::uint16_t type) {
  return static_cast<StatusCode>(type >> 12);
}

}  // namespace evo::links
