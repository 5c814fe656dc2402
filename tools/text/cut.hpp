/// Text for a line of a screen.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace evo::tools {

/// Bytes of the colour that the text begins with; 0 if it begins with none.
std::size_t colour_at_start(std::string_view text);

/// As much of a line as fits into `width` columns. Colours are kept, and ended where they are cut;
/// every other control character comes out as `?`, so that no name can steer the terminal.
std::string cut(std::string_view line, std::size_t width);

/// The lines of a text, without their ends.
std::vector<std::string> lines_of(std::string_view text);

}  // namespace evo::tools
