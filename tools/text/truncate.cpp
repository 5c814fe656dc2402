// SPDX-License-Identifier: Apache-2.0
#include "text/truncate.hpp"

#include <algorithm>

#include "evo/text.hpp"

namespace evo::tools {

std::size_t colour_at_start(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const std::size_t end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

std::string truncated(std::string_view line, std::size_t width) {
  std::string out;
  std::size_t used = 0;
  bool in_colour = false;
  while (!line.empty()) {
    if (const std::size_t length = colour_at_start(line); length != 0) {
      in_colour = line.substr(0, length) != "\x1b[0m";
      out += line.substr(0, length);
      line.remove_prefix(length);
      continue;
    }
    if (used++ == width) break;
    const Character character = take_character(line);
    out += character.kind == CharacterKind::Plain ? character.bytes : "?";
  }
  return in_colour ? out + "\x1b[0m" : out;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace evo::tools
