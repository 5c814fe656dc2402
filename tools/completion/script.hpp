/// The scripts that let a shell complete the command lines of evo-shm.
#pragma once

#include <cstdint>
#include <string_view>

namespace evo::tools {

enum class Shell : std::uint8_t { Bash, Zsh, Fish };

/// The script hands the line to `evo-shm completion-words`, which prints a candidate a line, and
/// @files or @directories for what the shell knows better.
[[nodiscard]] std::string_view completion_script(Shell shell) noexcept;

}  // namespace evo::tools
