// SPDX-License-Identifier: Apache-2.0
/// Wraps text to the width of a terminal. Colours take no columns.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace evo::tools {

/// The width of output that is not for a terminal.
inline constexpr std::size_t kUnlimitedWidth = std::numeric_limits<std::size_t>::max();

/// Columns that a text takes in a terminal: its code points, without colours.
[[nodiscard]] std::size_t width_of(std::string_view text);

/// The text if it fits into `width` columns, otherwise its beginning and `…`.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

/// One line of text as lines of at most `width` columns, broken at blanks, and within a word only
/// if the word alone is wider. A colour ends with each line and is set again in the next one.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view line, std::size_t width);

/// Wraps every line of a text. Continuation lines are indented by `indent` columns.
[[nodiscard]] std::string wrapped_text(std::string_view text, std::size_t width,
                                       std::size_t indent = 0);

}  // namespace evo::tools
