// SPDX-License-Identifier: Apache-2.0
/// Shell scripts that complete evo-shm command lines.
#pragma once

#include <cstdint>
#include <string_view>

namespace evo::tools {

enum class Shell : std::uint8_t { Bash, Zsh, Fish };

/// The script passes the line to `evo-shm completion-words`, which prints one candidate per line,
/// or @files or @directories for paths that the shell completes itself.
[[nodiscard]] std::string_view completion_script(Shell shell) noexcept;

}  // namespace evo::tools
