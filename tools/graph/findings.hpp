// SPDX-License-Identifier: Apache-2.0
/// Problems with the writers and readers of segments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/sources.hpp"

namespace evo::tools {

struct Finding {
  std::string segment;
  std::string_view check;  ///< one word
  std::string finding;     ///< and what to do
};

/// `unread`: no reader is declared and none is attached. `stale`, `dead`: a process reads values
/// that are out of date, or that no writer renews. `undeclared`: a process that `readers` does
/// not name reads it. `owner`: the writing module is not the one that the schema names. `twice`:
/// two schema files declare it. Sorted by segment.
[[nodiscard]] std::vector<Finding> findings_in(const Sources& sources);

}  // namespace evo::tools
