/// Text in lines that are no wider than a terminal. Colours take no columns.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace evo::tools {

/// The width of output that is not for a terminal.
inline constexpr std::size_t kUnlimitedWidth = std::numeric_limits<std::size_t>::max();

/// Columns that a text takes in a terminal: its code points, colours left out.
[[nodiscard]] std::size_t width_of(std::string_view text);

/// The text if it fits into `width` columns, else its beginning and `…`.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

/// One line of text as lines of at most `width` columns, broken at blanks, and within a word only
/// where the word alone is wider. A colour ends with each line and begins again in the next one.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view line, std::size_t width);

/// Every line of a text wrapped. What does not fit goes on below, `indent` columns from the left.
[[nodiscard]] std::string wrapped_text(std::string_view text, std::size_t width,
                                       std::size_t indent = 0);

}  // namespace evo::tools
