// SPDX-License-Identifier: Apache-2.0
/// Decides whether bytes are a binary schema at all, in time that grows with their number.
#pragma once

#include <cstdint>
#include <span>

namespace evo::detail {

/// More entries than a schema of kMaximumSchemaSize can have if it stores each of them once.
inline constexpr std::size_t kMostSchemaEntries = std::size_t{1} << 18;

enum class SchemaShape { Sound, TooManyEntries, Damaged };

/// Sound: every offset, text and number of the schema lies within `bfbs`, which must be aligned to
/// 8 bytes. FlatBuffers' own verifier decides. It follows an entry once for each reference to it,
/// so a few megabytes can keep it busy for minutes. Therefore all those visits are counted first.
[[nodiscard]] SchemaShape shape_of_schema(std::span<const std::uint8_t> bfbs);

}  // namespace evo::detail
