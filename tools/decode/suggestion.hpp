// SPDX-License-Identifier: Apache-2.0
/// Suggests the intended name for a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace evo::tools {

/// "; did you mean 'x' or 'y'?" with the nearest of the known names, or "; " and `otherwise` if
/// none is near. Uses the Levenshtein distance.
std::string suggestion(std::string_view wrong, std::span<const std::string> known,
                       std::string_view otherwise);

}  // namespace evo::tools
