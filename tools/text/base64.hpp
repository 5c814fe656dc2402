// SPDX-License-Identifier: Apache-2.0
/// Bytes as base64 (RFC 4648, with padding).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evo::tools {

/// Number of letters for `bytes` bytes.
[[nodiscard]] constexpr std::size_t base64_size(std::size_t bytes) noexcept {
  return (bytes + 2) / 3 * 4;
}

void append_base64(std::string& text, std::span<const std::uint8_t> bytes);

std::string base64(std::span<const std::uint8_t> bytes);

/// Nothing if the text is not exactly what `base64` produces.
std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text);

}  // namespace evo::tools
