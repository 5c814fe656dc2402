// SPDX-License-Identifier: Apache-2.0
#include "text/csv.hpp"

#include "evo/text.hpp"

namespace evo::tools {

std::string csv_cell(std::string_view raw) {
  const std::string text = printable(raw);
  const bool plain = text.find_first_of(",\"") == std::string::npos && !text.starts_with(' ') &&
                     !text.ends_with(' ');
  if (plain) return text;
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i != 0) line += ',';
    line += csv_cell(cells[i]);
  }
  return line + '\n';
}

}  // namespace evo::tools
