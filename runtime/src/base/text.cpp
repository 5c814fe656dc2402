// SPDX-License-Identifier: Apache-2.0
#include "evo/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace evo {

namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

/// C0; DEL and C1; the marks, line ends, embeddings and isolates that change the direction of text.
constexpr std::array<Range, 6> kControls{{{0x00, 0x1f},
                                          {0x7f, 0x9f},
                                          {0x61c, 0x61c},
                                          {0x200e, 0x200f},
                                          {0x2028, 0x202e},
                                          {0x2066, 0x2069}}};

CharacterKind kind_of(std::uint32_t code) {
  const bool control = std::any_of(kControls.begin(), kControls.end(), [&](const Range& range) {
    return code >= range.first && code <= range.last;
  });
  if (control) return CharacterKind::Control;
  const bool none = (code & 0xfffeU) == 0xfffe || (code >= 0xfdd0 && code <= 0xfdef);
  return none ? CharacterKind::Invalid : CharacterKind::Plain;
}

/// Size in bytes of the UTF-8 character at the start of the text; 0 if it does not start with one.
std::size_t character_size(std::string_view text, std::uint32_t* code) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t size = first < 0x80              ? 1
                           : (first & 0xe0U) == 0xc0 ? 2
                           : (first & 0xf0U) == 0xe0 ? 3
                           : (first & 0xf8U) == 0xf0 ? 4
                                                     : 0;
  if (size > text.size()) return 0;
  *code = size < 2 ? first : first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80) return 0;
    *code = (*code << 6U) | (next & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = *code >= 0xd800 && *code < 0xe000;
  return *code < kSmallest[size] || surrogate || *code > 0x10ffff ? 0 : size;
}

}  // namespace

Character take_character(std::string_view& text) {
  Character character;
  const std::size_t size = character_size(text, &character.code);
  character.bytes = text.substr(0, std::max<std::size_t>(1, size));
  if (size == 0) {
    character.code = kNoCode;
  } else {
    character.kind = kind_of(character.code);
  }
  text.remove_prefix(character.bytes.size());
  return character;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = take_character(text);
    out += character.kind == CharacterKind::Plain ? character.bytes : "?";
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = take_character(text);
    if (character.kind == CharacterKind::Invalid) {
      out += "\\ufffd";
    } else if (character.kind == CharacterKind::Control) {
      out += fmt::format("\\u{:04x}", character.code);
    } else {
      if (character.code == '"' || character.code == '\\') out += '\\';
      out += character.bytes;
    }
  }
  return out;
}

}  // namespace evo
