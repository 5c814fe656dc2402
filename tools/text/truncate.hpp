// SPDX-License-Identifier: Apache-2.0
/// Text for one screen line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace evo::tools {

/// Length in bytes of the colour sequence at the start of the text; 0 if there is none.
std::size_t colour_at_start(std::string_view text);

/// The part of a line that fits into `width` columns. Colours are kept, and reset at the cut; every
/// other control character is replaced by `?`, so that no name can control the terminal.
std::string truncated(std::string_view line, std::size_t width);

/// The lines of a text, without line ends.
std::vector<std::string> lines_of(std::string_view text);

}  // namespace evo::tools
