/// JSON as it leaves the tools.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace evo::tools {

/// The document as UTF-8, with so many spaces for each level, or on one line. Controls, also those
/// beyond ASCII, come as `\u…`; what is no character comes as U+FFFD.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& document, int indent = -1);

}  // namespace evo::tools
