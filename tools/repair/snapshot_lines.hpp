// SPDX-License-Identifier: Apache-2.0
/// The lines of a snapshot file: segments, their properties and their values.
///
/// The file is JSON Lines, so that it can be written and read value by value:
///
///     {"evo_snapshot":2}
///     {"name":"gantry","module":…,"kind":0,…,"bfbs":…}     for each segment: everything that its
///     {"sequence":7,"stamp_ns":…,"value":…}                header says, its values, the oldest
///     {"values":1,"crc32c":…}                              first, and a checksum of these lines
///     {"segments":1}
///
/// The last line shows that the file is complete. Bytes are written as base64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evo/format/segment_header.hpp"
#include "inspect/owned_description.hpp"
#include "text/base64.hpp"

namespace evo::tools {

struct SavedValue {
  std::uint64_t sequence = 0;
  std::uint64_t stamp_ns = 0;  ///< CLOCK_MONOTONIC of the boot in which it was saved; 0: none
  std::vector<std::uint8_t> bytes;
};

struct SegmentEnd {
  std::uint64_t values = 0;
  std::uint32_t crc = 0;  ///< CRC32C of the segment's preceding lines
};

/// Maximum length in bytes of each kind of line, without its newline.
inline constexpr std::size_t kLongestShortLine = 256;
inline constexpr std::size_t kLongestSegmentLine =
    base64_size(kMaximumSchemaSize) + std::size_t{kMaximumCompatible} * 256 + 4096;
constexpr std::size_t longest_value_line(const OwnedDescription& description) {
  return base64_size(description.size) + kLongestShortLine;
}

// Each ends with a newline.
std::string first_line();
std::string segment_line(const OwnedDescription& description);
std::string value_line(std::uint64_t sequence, std::uint64_t stamp_ns,
                       std::span<const std::uint8_t> bytes);
std::string end_line(const SegmentEnd& end);
std::string last_line(std::uint64_t segments);

// Parsers of untrusted lines. Corrupt: the message says what is wrong with the line, without
// advice.

/// Also FormatMismatch.
Result<void> parse_first_line(std::string_view line);
/// The segment can be recreated: every property is valid and consistent with the others.
Result<OwnedDescription> parse_segment_line(std::string_view line);
Result<SavedValue> parse_value_line(std::string_view line, const OwnedDescription& description);
Result<SegmentEnd> parse_end_line(std::string_view line);
Result<std::uint64_t> parse_last_line(std::string_view line);

/// The kind that a line claims to be, where two kinds are possible.
[[nodiscard]] bool is_end_line(std::string_view line);
[[nodiscard]] bool is_last_line(std::string_view line);

}  // namespace evo::tools
