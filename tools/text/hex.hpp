// SPDX-License-Identifier: Apache-2.0
/// Bytes as hexadecimal digits.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace evo::tools {

/// All bytes as one row of digits.
std::string hex_digits(std::span<const std::byte> bytes);

/// Sixteen per line, with offsets and letters, as xxd prints them; repeated lines of zeros are
/// replaced by `*`.
std::string hex_dump(std::span<const std::byte> bytes);

}  // namespace evo::tools
