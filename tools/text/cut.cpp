#include "text/cut.hpp"

#include <algorithm>

namespace evo::tools {

namespace {

/// Length of the colour that the text begins with; 0 if it begins with none.
std::size_t colour_at_start(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const std::size_t end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

}  // namespace

std::string cut(std::string_view line, std::size_t width) {
  std::string out;
  std::size_t used = 0;
  bool in_colour = false;
  for (std::size_t i = 0; i < line.size();) {
    if (const std::size_t length = colour_at_start(line.substr(i)); length != 0) {
      const std::string_view colour = line.substr(i, length);
      in_colour = colour != "\x1b[0m";
      out += colour;
      i += length;
      continue;
    }
    const auto byte = static_cast<unsigned char>(line[i]);
    const bool continues = (byte & 0xc0U) == 0x80U;
    if (!continues && used++ == width) break;
    out += byte < 0x20 || byte == 0x7f ? '?' : line[i];
    ++i;
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
