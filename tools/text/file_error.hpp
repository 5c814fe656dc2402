// SPDX-License-Identifier: Apache-2.0
/// Errors about files named on the command line, with matching advice.
#pragma once

#include <filesystem>
#include <string_view>

#include "evo/error.hpp"

namespace evo::tools {

/// The error that the file could not be read. `error` is an errno.
[[nodiscard]] tl::unexpected<Error> cannot_read(int error, const std::filesystem::path& path);

/// The error that the file could not be written.
[[nodiscard]] tl::unexpected<Error> cannot_write(int error, const std::filesystem::path& path);

/// The same for a reason without an errno; `reason` ends with advice.
[[nodiscard]] tl::unexpected<Error> cannot_write(ErrorCode code, const std::filesystem::path& path,
                                                 std::string_view reason);

}  // namespace evo::tools
