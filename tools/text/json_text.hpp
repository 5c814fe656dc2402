// SPDX-License-Identifier: Apache-2.0
/// JSON output of the tools.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace evo::tools {

/// The document as UTF-8, with `indent` spaces per level, or on one line. Control characters,
/// including those beyond ASCII, become `\u…`; invalid characters become U+FFFD.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& document, int indent = -1);

}  // namespace evo::tools
