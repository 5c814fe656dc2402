// SPDX-License-Identifier: Apache-2.0
/// Whole files: read in one piece, and written completely or not at all.
///
/// `-` is standard input or standard output.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "evo/error.hpp"
#include "text/output_file.hpp"

namespace evo::tools {

/// The contents of the file. NotFound: no such file. PermissionDenied, Io.
Result<std::string> read_whole_file(const std::filesystem::path& path);

/// Writes the text with an OutputFile.
Result<void> write_whole_file(const std::filesystem::path& path, std::string_view text,
                              mode_t mode = 0666);

}  // namespace evo::tools
