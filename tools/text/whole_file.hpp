/// Files as a whole: read at once, and written so that they are there as a whole or not at all.
///
/// `-` stands for standard input and standard output.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "evo/error.hpp"
#include "text/output_file.hpp"

namespace evo::tools {

/// All that is in it. NotFound: no such file. PermissionDenied, Io.
Result<std::string> read_whole_file(const std::filesystem::path& path);

/// Writes it as an OutputFile.
Result<void> write_whole_file(const std::filesystem::path& path, std::string_view text,
                              mode_t mode = 0666);

}  // namespace evo::tools
