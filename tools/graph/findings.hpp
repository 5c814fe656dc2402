/// What is wrong with who writes and who reads.
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

/// `unread`: nobody is meant to read it, and nobody does. `stale`, `dead`: somebody reads values
/// that are out of date, or that no writer renews. `undeclared`: a process reads that `readers`
/// does not name. `owner`: another module writes than the one that the schema names. `twice`: two
/// schema files declare it. Sorted by segment.
[[nodiscard]] std::vector<Finding> findings_in(const Sources& sources);

}  // namespace evo::tools
