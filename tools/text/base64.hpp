/// Bytes as base64 (RFC 4648, with padding).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evo::tools {

std::string base64(std::span<const std::uint8_t> bytes);

/// Nothing if it is not exactly what `base64` makes of some bytes.
std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text);

}  // namespace evo::tools
