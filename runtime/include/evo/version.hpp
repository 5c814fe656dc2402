// SPDX-License-Identifier: Apache-2.0
/// The release of EVO Channels that these headers belong to. docs/versioning.md says what each
/// number means.
#pragma once

#include <string_view>

namespace evo {

// CMakeLists.txt reads the project's version from the next line.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace evo
