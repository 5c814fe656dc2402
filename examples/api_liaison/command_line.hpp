// SPDX-License-Identifier: Apache-2.0
/// Commands in text form: `start`, `stop`, `setpoint 30`.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands_config.evo.hpp"
#include "evo/error.hpp"

namespace evo::machine {

/// Stores a command in `config`; its other fields stay unchanged. The error says what is expected
/// instead.
[[nodiscard]] tl::expected<void, std::string> parse_command(std::span<const std::string> words,
                                                            cell::api::CommandsConfig& config);

/// The words of a line, separated by blanks.
[[nodiscard]] std::vector<std::string> split_words(std::string_view line);

}  // namespace evo::machine
