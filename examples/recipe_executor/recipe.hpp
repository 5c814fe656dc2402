/// A recipe: the setpoints that the machine is to hold one after the other.
///
///   {"name": "…", "steps": [{"setpoint_percent": 0 to 100, "duration_s": above 0}, …]}
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "evo/error.hpp"

namespace evo::cell {

struct RecipeStep {
  double setpoint_percent = 0;
  std::chrono::nanoseconds duration{0};
};

struct Recipe {
  std::string name;
  std::vector<RecipeStep> steps;  ///< at least one
};

/// Reads a recipe from JSON text. The message of an error names the place and what is expected.
[[nodiscard]] tl::expected<Recipe, std::string> parse_recipe(std::string_view text);

/// Reads a recipe from a file.
[[nodiscard]] tl::expected<Recipe, std::string> load_recipe(const std::string& path);

}  // namespace evo::cell
