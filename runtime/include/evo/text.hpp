// SPDX-License-Identifier: Apache-2.0
/// Filters text that another process wrote, before it reaches a terminal, a log or a file.
///
/// This is the only place that decides which characters may pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace evo {

enum class CharacterKind : std::uint8_t {
  Plain,
  Control,  ///< C0, DEL and C1; those that end a line or change its direction (bidi)
  Invalid,  ///< bytes that are not UTF-8, and the noncharacters of Unicode
};

/// The code of a byte that is not UTF-8.
inline constexpr std::uint32_t kNoCode = ~std::uint32_t{0};

/// The first character of a text.
struct Character {
  std::string_view bytes;
  std::uint32_t code = kNoCode;
  CharacterKind kind = CharacterKind::Invalid;
};

/// Removes the first character from the text, which must not be empty; a single byte if it is not
/// UTF-8.
Character take_character(std::string_view& text);

/// The text with a question mark in place of each character that is not plain. A space is plain, a
/// line break is not.
std::string printable(std::string_view text);

/// The text as the contents of a JSON string: controls as `\u…`, U+FFFD for invalid ones.
std::string json_escaped(std::string_view text);

}  // namespace evo
