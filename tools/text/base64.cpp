#include "text/base64.hpp"

#include <algorithm>

namespace evo::tools {

namespace {

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < count ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kLetters[bits >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::string_view four = text.substr(i, 4);
    const std::size_t letters = std::min(four.find('='), four.size());
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const auto value = k < letters ? kLetters.find(four[k]) : 0;
      if (value == kLetters.npos) return std::nullopt;
      bits = bits << 6 | static_cast<std::uint32_t>(value);
    }
    if (letters < 2) return std::nullopt;
    for (std::size_t k = 0; k + 1 < letters; ++k) {
      bytes.push_back(static_cast<std::uint8_t>(bits >> (16 - 8 * k) & 255U));
    }
  }
  // One text only for the same bytes: padding at the end alone, and no bits that stand for nothing.
  if (base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace evo::tools
