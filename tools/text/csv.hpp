// SPDX-License-Identifier: Apache-2.0
/// Comma-separated values, quoted as in RFC 4180, with Unix line ends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evo::tools {

/// A cell, in the form of printable(); quoted if it contains a comma, a quote, or a leading or
/// trailing blank.
[[nodiscard]] std::string csv_cell(std::string_view text);

/// Cells as one line, with its line end.
[[nodiscard]] std::string csv_line(const std::vector<std::string>& cells);

}  // namespace evo::tools
