// SPDX-License-Identifier: Apache-2.0
#include "text/base64.hpp"

#include <algorithm>
#include <array>

namespace evo::tools {

namespace {

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoLetter = 255;

constexpr std::array<std::uint8_t, 256> values_of_letters() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoLetter);
  for (std::size_t i = 0; i < kLetters.size(); ++i) {
    values[static_cast<unsigned char>(kLetters[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr std::array<std::uint8_t, 256> kValues = values_of_letters();

}  // namespace

void append_base64(std::string& text, std::span<const std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < count ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kLetters[bits >> (18 - 6 * k) & 63U] : '=';
    }
  }
}

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(base64_size(bytes.size()));
  append_base64(text, bytes);
  return text;
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  // Padding is allowed only at the end; elsewhere '=' is invalid.
  std::size_t padding = 0;
  if (text.ends_with('=')) padding = text.ends_with("==") ? 2 : 1;
  const std::size_t letters = text.size() - padding;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 4 * 3 - padding);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < letters; ++i) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(text[i])];
    if (value == kNoLetter) return std::nullopt;
    bits = bits << 6 | value;
    // The second letter completes the first byte, the third the second, the fourth the third.
    const unsigned left = 6 - 2 * (i % 4);
    if (i % 4 != 0) bytes.push_back(static_cast<std::uint8_t>(bits >> left & 255U));
  }
  // Each byte sequence has only one encoding: unused bits must be zero.
  if ((bits & ((1U << (2 * padding)) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace evo::tools
