/// Scripts that complete a command line, made from the commands themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace evo::tools {

enum class Shell : std::uint8_t { Bash, Zsh };

/// The script for `app`, which is the program `evo-shm`: its commands, their options and the
/// values that these take. For the names of segments and fields the script runs
/// `evo-shm completion-words`. Hidden commands and options stay hidden.
[[nodiscard]] std::string completion_script(const CLI::App& app, Shell shell);

}  // namespace evo::tools
