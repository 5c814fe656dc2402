/// BLAKE2b (RFC 7693) without a key, as schema ids use it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace evo::tools {

/// The hash of the text, 256 bits long.
[[nodiscard]] std::array<std::uint8_t, 32> blake2b_256(std::string_view text);

}  // namespace evo::tools
