/// Text of somebody else's, as a terminal can bear it.
#pragma once

#include <string>
#include <string_view>

namespace evo::tools {

/// Names of files may hold anything: each control character, also the two bytes that UTF-8 has for
/// one, becomes a `?`.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace evo::tools
