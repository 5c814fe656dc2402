/// Bytes as hexadecimal digits.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace evo::tools {

/// All of them in one row of digits.
std::string hex_digits(std::span<const std::byte> bytes);

/// Sixteen a line, with offsets and letters, as xxd prints them; lines of zeros that repeat the
/// one before are left out as `*`.
std::string hex_dump(std::span<const std::byte> bytes);

}  // namespace evo::tools
