// SPDX-License-Identifier: Apache-2.0
/// Text without surrounding white space.
#pragma once

#include <string_view>

namespace evo::tools {

/// Without leading and trailing spaces, tabs and line ends.
[[nodiscard]] inline std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace evo::tools
