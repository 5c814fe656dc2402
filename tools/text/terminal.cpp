// SPDX-License-Identifier: Apache-2.0
#include "text/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "evo/text.hpp"
#include "text/truncate.hpp"

namespace evo::tools {

bool has_colours() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (no_colour != nullptr && *no_colour != '\0') return false;
  if (terminal == nullptr || std::string_view(terminal) == "dumb") return false;
  return ::isatty(STDOUT_FILENO) == 1;
}

std::string coloured(Colour colour, std::string_view text, bool colours) {
  if (!colours || colour == Colour::Plain) return std::string(text);
  int code = 0;
  switch (colour) {
    case Colour::Good:
      code = 32;
      break;
    case Colour::Warning:
      code = 33;
      break;
    case Colour::Bad:
      code = 31;
      break;
    case Colour::Dim:
      code = 2;
      break;
    default:
      code = 1;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string terminal_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t own =
        text.starts_with(kClearScreen) ? kClearScreen.size() : colour_at_start(text);
    if (own != 0) {
      out += text.substr(0, own);
      text.remove_prefix(own);
      continue;
    }
    const Character character = take_character(text);
    const bool passes =
        character.kind == CharacterKind::Plain || character.code == '\n' || character.code == '\t';
    out += passes ? character.bytes : "?";
  }
  return out;
}

TerminalSize terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {size.ws_col, size.ws_row};
}

std::size_t output_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) return size.ws_col;
  const char* asked = std::getenv("COLUMNS");
  const std::string_view text = asked == nullptr ? "" : asked;
  std::size_t columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && columns != 0;
  return is_number ? columns : kUnlimitedWidth;
}

}  // namespace evo::tools
