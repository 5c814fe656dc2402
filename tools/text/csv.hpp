/// Comma-separated values as RFC 4180 quotes them; lines end as in every file of this system.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evo::tools {

/// A cell, as printable() shows it; between quotes if it holds a comma, a quote, or a blank at one
/// end.
[[nodiscard]] std::string csv_cell(std::string_view text);

/// Cells as one line, with its end.
[[nodiscard]] std::string csv_line(const std::vector<std::string>& cells);

}  // namespace evo::tools
