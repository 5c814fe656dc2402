// SPDX-License-Identifier: Apache-2.0
/// Decides whether a reader's layout fits a segment's.
#pragma once

#include <span>
#include <string>

#include "evo/channel.hpp"
#include "evo/error.hpp"
#include "evo/format/segment_header.hpp"

namespace evo::detail {

/// What a segment says about itself, copied out of shared memory.
struct SegmentIdentity {
  const SegmentLayout& layout;
  std::span<const CompatibleEntry> compatible;
  std::span<const std::uint8_t> bfbs;
  std::string writer;  ///< for messages
};

/// Accepts the same schema id, an older segment whose layout the reader knows as a prefix of its
/// own, or a newer segment that lists the reader's layout as a prefix. Returns how many of the
/// reader's top-level fields the segment has; otherwise SchemaMismatch with the differences.
Result<std::uint32_t> fit_schema(const ChannelDescription& reader, const SegmentIdentity& segment);

}  // namespace evo::detail
