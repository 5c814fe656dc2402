// SPDX-License-Identifier: Apache-2.0
/// A recipe: the setpoints that the machine must hold in order.
///
///   {"name": "…", "steps": [{"setpoint_percent": 0 to 100, "duration_s": above 0}, …]}
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "evo/error.hpp"

namespace evo::machine {

struct RecipeStep {
  double setpoint_percent = 0;
  std::chrono::nanoseconds duration{0};
};

struct Recipe {
  std::string name;
  std::vector<RecipeStep> steps;  ///< at least one
};

/// Parses a recipe from JSON text. The error message names the place and the expected content.
[[nodiscard]] tl::expected<Recipe, std::string> parse_recipe(std::string_view text);

/// Reads a recipe from a file.
[[nodiscard]] tl::expected<Recipe, std::string> load_recipe(const std::string& path);

}  // namespace evo::machine
