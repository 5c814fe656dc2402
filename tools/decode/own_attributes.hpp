// SPDX-License-Identifier: Apache-2.0
/// The evo.fbs of this build, embedded in the program.
#pragma once

#include <string_view>

namespace evo::tools {

/// The contents of `schemas/evo.fbs`, so that compiling a schema needs no file lookup.
[[nodiscard]] std::string_view own_attributes();

}  // namespace evo::tools
