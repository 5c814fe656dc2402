/// A graph in the languages of others: Graphviz and JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "evo/error.hpp"
#include "graph/graph.hpp"

namespace evo::tools {

/// For `dot`: modules are boxes, states ellipses, streams records. What a dead writer leaves is
/// red, what is stale orange, a reader that no schema names dashed, and grey what only a schema
/// knows.
[[nodiscard]] std::string to_dot(const Graph& graph);

/// `nodes` and `edges`.
[[nodiscard]] nlohmann::ordered_json to_json(const Graph& graph);

/// Has Graphviz draw the text into an SVG file. Unsupported where Graphviz is not installed.
Result<void> draw_svg(const std::string& dot, const std::string& file);

}  // namespace evo::tools
