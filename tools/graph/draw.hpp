// SPDX-License-Identifier: Apache-2.0
/// A graph in external formats: Graphviz and JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "evo/error.hpp"
#include "graph/graph.hpp"

namespace evo::tools {

/// For `dot`: modules are boxes, states ellipses, streams records. Red: left behind by a dead
/// writer. Orange: stale. Dashed: a reader that no schema names. Grey: known only from a schema.
[[nodiscard]] std::string to_dot(const Graph& graph);

/// `nodes` and `edges`.
[[nodiscard]] nlohmann::ordered_json to_json(const Graph& graph);

/// Runs Graphviz to draw the text into an SVG file. Unsupported: Graphviz is not installed.
Result<void> draw_svg(const std::string& dot, const std::string& file);

}  // namespace evo::tools
