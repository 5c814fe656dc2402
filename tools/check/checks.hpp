// SPDX-License-Identifier: Apache-2.0
/// Checks of a segment from outside.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/inspected_segment.hpp"
#include "text/terminal.hpp"

namespace evo::tools {

enum class CheckResult : std::uint8_t { Ok, Warning, Wrong };

[[nodiscard]] std::string_view to_string(CheckResult result) noexcept;

[[nodiscard]] Colour colour_of(CheckResult result) noexcept;

struct Check {
  std::string_view name;  ///< one word
  CheckResult result = CheckResult::Ok;
  std::string finding;  ///< and what to do, unless Ok
};

inline Check ok(std::string_view name, std::string finding) {
  return {name, CheckResult::Ok, std::move(finding)};
}
inline Check warning(std::string_view name, std::string finding) {
  return {name, CheckResult::Warning, std::move(finding)};
}
inline Check wrong(std::string_view name, std::string finding) {
  return {name, CheckResult::Wrong, std::move(finding)};
}

/// `header` (magic, format, checksum of the constants, geometry), `versions` (header and slots,
/// against each other), `checksum` of the last value, `schema`, `ranges` (`min` and `max`,
/// enumerators, bools), `freshness` against `max_age`, `locks` (whether the writer is alive, and
/// the attached readers). A check that is impossible for a reason already reported is omitted.
std::vector<Check> check_segment(InspectedSegment& inspected);

}  // namespace evo::tools
