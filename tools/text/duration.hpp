// SPDX-License-Identifier: Apache-2.0
/// Durations in readable form: `250us`, `1ms`, `2s` as in a schema, and `5min`, `2h`, `1d`.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace evo::tools {

/// A whole number and its unit: ns, us, ms, s, min, h or d; or `0`. Nothing if malformed or
/// negative.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// With four digits, in the largest unit in which the number is at least one; `max()` is "more".
std::string in_words(std::chrono::nanoseconds time);

/// For options that take a duration.
CLI::Validator duration_validator();

}  // namespace evo::tools
