// SPDX-License-Identifier: Apache-2.0
#include "recipe_executor/recipe.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>

namespace evo::machine {

namespace {

using Json = nlohmann::json;

constexpr double kLongestStepSeconds = 86'400;

/// The error in a recipe; this exception never leaves this file.
struct BadRecipe : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void expect_keys(const Json& object, const std::string& place, const std::set<std::string>& keys) {
  if (!object.is_object()) {
    throw BadRecipe(fmt::format("{} has to be an object with {}", place, fmt::join(keys, ", ")));
  }
  for (const auto& [key, ignored] : object.items()) {
    if (!keys.contains(key)) {
      throw BadRecipe(
          fmt::format("{} has no '{}'; it knows {}", place, key, fmt::join(keys, ", ")));
    }
  }
  for (const std::string& key : keys) {
    if (!object.contains(key)) throw BadRecipe(fmt::format("{} lacks '{}'", place, key));
  }
}

double number(const Json& value, const std::string& place, double minimum, double maximum) {
  if (!value.is_number() || value.get<double>() < minimum || value.get<double>() > maximum) {
    throw BadRecipe(fmt::format("{} has to be a number from {} to {}, not {}", place, minimum,
                                maximum, value.dump()));
  }
  return value.get<double>();
}

RecipeStep to_step(const Json& value, const std::string& place) {
  expect_keys(value, place, {"setpoint_percent", "duration_s"});
  const double seconds =
      number(value["duration_s"], place + ".duration_s", 0.001, kLongestStepSeconds);
  return {
      .setpoint_percent = number(value["setpoint_percent"], place + ".setpoint_percent", 0, 100),
      .duration = std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9))};
}

}  // namespace

tl::expected<Recipe, std::string> parse_recipe(std::string_view text) {
  try {
    const Json document = Json::parse(text);
    expect_keys(document, "the recipe", {"name", "steps"});
    if (!document["name"].is_string()) throw BadRecipe("'name' has to be a text");
    if (!document["steps"].is_array() || document["steps"].empty()) {
      throw BadRecipe("'steps' has to be a list of at least one step");
    }
    Recipe recipe{.name = document["name"].get<std::string>(), .steps = {}};
    for (const Json& step : document["steps"]) {
      recipe.steps.push_back(to_step(step, fmt::format("steps[{}]", recipe.steps.size())));
    }
    return recipe;
  } catch (const BadRecipe& error) {
    return tl::unexpected<std::string>(error.what());
  } catch (const Json::exception& error) {
    return tl::unexpected(fmt::format("it is not JSON: {}", error.what()));
  }
}

tl::expected<Recipe, std::string> load_recipe(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return tl::unexpected(fmt::format("cannot read recipe '{}': {}", path, std::strerror(errno)));
  }
  return parse_recipe(text.str()).map_error([&](const std::string& problem) {
    return fmt::format("recipe '{}': {}", path, problem);
  });
}

}  // namespace evo::machine
