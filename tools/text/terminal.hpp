// SPDX-License-Identifier: Apache-2.0
/// Properties of stdout, and colours if it is a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "text/wrap.hpp"

namespace evo::tools {

enum class Colour { Plain, Good, Warning, Bad, Dim, Bold };

/// Whether stdout is a terminal with colours enabled: not with NO_COLOR or TERM=dumb.
bool has_colours();

/// The text in a colour, or unchanged without colours.
std::string coloured(Colour colour, std::string_view text, bool colours);

/// The text made safe for a terminal: `?` replaces all control and invalid characters, except line
/// breaks, tabs, the colours of coloured() and kClearScreen.
std::string terminal_text(std::string_view text);

/// Clears the screen and moves the cursor to the top.
inline constexpr std::string_view kClearScreen = "\x1b[H\x1b[J";

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

/// Size of stdout; the default if it is not a terminal.
TerminalSize terminal_size();

/// Columns available for text on stdout: those of the terminal; if it is not a terminal, those in
/// COLUMNS, or kUnlimitedWidth.
std::size_t output_width();

}  // namespace evo::tools
