// SPDX-License-Identifier: Apache-2.0
#include "text/hex.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evo::tools {

std::string hex_digits(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    fmt::format_to(std::back_inserter(text), "{:02x}", std::to_integer<unsigned>(byte));
  }
  return text;
}

std::string hex_dump(std::span<const std::byte> bytes) {
  constexpr std::size_t kWidth = 16;
  std::string text;
  bool left_out = false;
  for (std::size_t start = 0; start < bytes.size(); start += kWidth) {
    const auto line = bytes.subspan(start, std::min(kWidth, bytes.size() - start));
    const bool last = start + kWidth >= bytes.size();
    if (start != 0 && !last && std::ranges::equal(line, bytes.subspan(start - kWidth, kWidth))) {
      if (!left_out) text += "*\n";
      left_out = true;
      continue;
    }
    left_out = false;
    std::string digits;
    std::string letters;
    for (std::size_t i = 0; i < kWidth; ++i) {
      if (i % 2 == 0) digits += ' ';
      if (i >= line.size()) {
        digits += "  ";
        continue;
      }
      const auto byte = std::to_integer<unsigned>(line[i]);
      digits += fmt::format("{:02x}", byte);
      letters += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    }
    text += fmt::format("{:08x}:{}  {}\n", start, digits, letters);
  }
  return text;
}

}  // namespace evo::tools
