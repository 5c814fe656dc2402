/// Files as a whole: read at once, and written so that they are there as a whole or not at all.
///
/// `-` stands for standard input and standard output.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "evo/error.hpp"

namespace evo::tools {

/// All that is in it. NotFound: no such file. PermissionDenied, Io.
Result<std::string> read_whole_file(const std::filesystem::path& path);

/// Writes a file beside the one that the path leads to, links followed, and puts it in its place,
/// so that who looks sees the file that was there before or the whole new one. What is there and
/// no regular file, as a device or a FIFO, is written in place. A new file has `mode`, less what
/// the umask takes. NotFound, PermissionDenied, NoSpace, Io; nothing is left beside it then.
Result<void> write_whole_file(const std::filesystem::path& path, std::string_view text,
                              mode_t mode = 0666);

/// Whether what is written to that path comes out on standard output: `-`, or another name of it.
/// Then nothing else should.
[[nodiscard]] bool is_standard_output(const std::filesystem::path& path);

}  // namespace evo::tools
