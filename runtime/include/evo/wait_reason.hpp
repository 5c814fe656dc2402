// SPDX-License-Identifier: Apache-2.0
/// Why a token of a WaitSet is ready.
#pragma once

#include <cstdint>
#include <string_view>

namespace evo {

enum class WaitReason : std::uint8_t {
  None,          ///< the token is not ready
  Value,         ///< a reader has a value that it has not read yet
  WriterDied,    ///< the writer died without closing; its last value stays readable
  WriterClosed,  ///< the writer closed the segment
  Replaced,      ///< the segment was recreated, or this is a forked child: reattach
  Cycle,         ///< a cycle begins
  Readable,      ///< a descriptor can be read, failed, or is at its end
};

[[nodiscard]] std::string_view to_string(WaitReason reason) noexcept;

}  // namespace evo
