// SPDX-License-Identifier: Apache-2.0
/// Included by the mutated sources, before everything else.
#pragma once

#include <cstdlib>
#include <string_view>

namespace evo::mutants {

/// Whether a check is still there: EVO_MUTANT lists the numbers of those that are removed,
/// separated by commas.
inline bool kept(std::string_view number) noexcept {
  static const char* const variable = std::getenv("EVO_MUTANT");
  std::string_view rest = variable == nullptr ? "" : variable;
  while (!rest.empty()) {
    const auto end = rest.find(',');
    if (rest.substr(0, end) == number) return false;
    rest = end == rest.npos ? "" : rest.substr(end + 1);
  }
  return true;
}

}  // namespace evo::mutants
