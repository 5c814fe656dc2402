/// Text that another process wrote.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace evo::detail {

/// Bytes of the UTF-8 character at the start of a text, which is not empty; 0 if there is none.
std::size_t character_size(std::string_view text);

/// The text with a question mark for everything that would upset a terminal: control characters
/// (C0, DEL, C1) and bytes that are not UTF-8.
std::string printable(std::string_view text);

}  // namespace evo::detail
