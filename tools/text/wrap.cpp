// SPDX-License-Identifier: Apache-2.0
#include "text/wrap.hpp"

#include <algorithm>

#include "evo/text.hpp"
#include "text/truncate.hpp"

namespace evo::tools {

namespace {

constexpr std::string_view kColourEnd = "\x1b[0m";

/// Length in bytes of the colour or code point that the text begins with.
std::size_t length_of_first(std::string_view text, bool* is_colour) {
  const std::size_t colour = colour_at_start(text);
  *is_colour = colour != 0;
  return *is_colour ? colour : take_character(text).bytes.size();
}

/// Length in bytes of the first `width` columns.
std::size_t length_of_columns(std::string_view text, std::size_t width) {
  std::size_t at = 0;
  for (std::size_t used = 0; at < text.size();) {
    bool is_colour = false;
    const std::size_t length = length_of_first(text.substr(at), &is_colour);
    if (!is_colour && used++ == width) break;
    at += length;
  }
  return at;
}

/// The colour in effect after a text, empty if none; `before` is the one at its beginning.
std::string_view colour_after(std::string_view text, std::string_view before) {
  for (std::size_t at = 0; at < text.size();) {
    bool is_colour = false;
    const std::size_t length = length_of_first(text.substr(at), &is_colour);
    if (is_colour) before = text.substr(at, length);
    at += length;
  }
  return before == kColourEnd ? std::string_view() : before;
}

/// Where to break a text that is wider than `width`: bytes of the line, and of the blanks after it.
struct Break {
  std::size_t line = 0;
  std::size_t blanks = 0;
};
Break break_of(std::string_view text, std::size_t width) {
  const std::size_t most = length_of_columns(text, width);
  // A blank just after the last column is also suitable.
  const std::size_t blank = text.rfind(' ', most);
  const std::size_t end = blank == std::string_view::npos
                              ? std::string_view::npos
                              : text.substr(0, blank).find_last_not_of(' ');
  if (end == std::string_view::npos) return {most, 0};
  return {end + 1, std::min(text.find_first_not_of(' ', end + 1), text.size()) - end - 1};
}

/// The first line may have another width than the following ones.
std::vector<std::string> lines_within(std::string_view line, std::size_t first_width,
                                      std::size_t width) {
  std::vector<std::string> lines;
  std::string_view colour;
  const auto add = [&](std::string_view part) {
    std::string text = std::string(colour) + std::string(part);
    colour = colour_after(part, colour);
    if (!colour.empty()) text += kColourEnd;
    lines.push_back(std::move(text));
  };
  for (std::size_t room = first_width; room != 0 && width_of(line) > room; room = width) {
    const auto [length, blanks] = break_of(line, room);
    add(line.substr(0, length));
    line.remove_prefix(length + blanks);
  }
  add(line);
  return lines;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    bool is_colour = false;
    text.remove_prefix(length_of_first(text, &is_colour));
    if (!is_colour) ++width;
  }
  return width;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  return width == 0 ? std::string() : truncated(text, width - 1) + "…";
}

std::vector<std::string> wrapped(std::string_view line, std::size_t width) {
  return lines_within(line, width, width);
}

std::string wrapped_text(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  if (width <= indent) indent = 0;
  for (const std::string& line : lines_of(text)) {
    std::string before;
    for (const std::string& part : lines_within(line, width, width - indent)) {
      out += before + part + '\n';
      before.assign(indent, ' ');
    }
  }
  return out;
}

}  // namespace evo::tools
