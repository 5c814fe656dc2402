/// Text that another process wrote, on its way to a terminal, a log or a file.
///
/// This is the only place that decides which characters may pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace evo::detail {

enum class CharacterKind : std::uint8_t {
  Plain,
  Control,  ///< C0, DEL and C1; those that end a line or turn its direction (bidi)
  Invalid,  ///< bytes that are not UTF-8, and code points that Unicode calls no characters
};

/// The code of a byte that is not UTF-8.
inline constexpr std::uint32_t kNoCode = ~std::uint32_t{0};

/// The first character of a text.
struct Character {
  std::string_view bytes;
  std::uint32_t code = kNoCode;
  CharacterKind kind = CharacterKind::Invalid;
};

/// Takes it off the text, which must not be empty; a single byte where it is not UTF-8.
Character take_character(std::string_view& text);

/// The text with a question mark for each character that is not plain: the space is, a line break
/// is not.
std::string printable(std::string_view text);

/// What stands between the quotes of a JSON string: controls as `\u…`, U+FFFD for invalid ones.
std::string json_escaped(std::string_view text);

}  // namespace evo::detail
