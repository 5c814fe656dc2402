/// What stdout is, and colours where it is a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "text/wrap.hpp"

namespace evo::tools {

enum class Colour { Plain, Good, Warning, Bad, Dim, Bold };

/// Whether stdout is a terminal that wants colours: not with NO_COLOR or TERM=dumb.
bool has_colours();

/// The text in a colour, or as it is where there are none.
std::string coloured(Colour colour, std::string_view text, bool colours);

/// The text as a terminal may have it: `?` in place of all controls and invalid characters, except
/// line breaks, tabs, the colours of coloured() and kClearScreen.
std::string terminal_text(std::string_view text);

/// Clears the screen; what follows begins at its top.
inline constexpr std::string_view kClearScreen = "\x1b[H\x1b[J";

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

/// Of stdout; the default if it is no terminal.
TerminalSize terminal_size();

/// Columns that text on stdout should fit into: those of the terminal; where it is none, those that
/// COLUMNS asks for, or kUnlimitedWidth.
std::size_t output_width();

}  // namespace evo::tools
