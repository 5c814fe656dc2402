// SPDX-License-Identifier: Apache-2.0
/// BLAKE2b (RFC 7693) without a key, for schema ids.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace evo::tools {

/// The 256-bit hash of the text.
[[nodiscard]] std::array<std::uint8_t, 32> blake2b_256(std::string_view text);

}  // namespace evo::tools
