/// The evo.fbs of this build, as text inside the program.
#pragma once

#include <string_view>

namespace evo::tools {

/// What `schemas/evo.fbs` declares, so that no file has to be found to compile a schema.
[[nodiscard]] std::string_view own_attributes();

}  // namespace evo::tools
