/// Files that are there as a whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

#include "evo/error.hpp"

namespace evo::tools {

/// Writes a file beside the path and puts it in its place, so that who looks sees the file that
/// was there before or the whole new one. PermissionDenied, NotFound, NoSpace, Io; nothing is left
/// beside it then.
Result<void> write_whole_file(const std::filesystem::path& path, std::string_view text);

}  // namespace evo::tools
