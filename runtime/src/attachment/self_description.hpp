// SPDX-License-Identifier: Apache-2.0
/// What a data file says about itself, read without mapping the file. Its owner may truncate it at
/// any moment, which kills a process that reads a mapping (SIGBUS).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "evo/error.hpp"
#include "evo/format/segment_header.hpp"

namespace evo::detail {

struct SelfDescription {
  SegmentLayout layout;                     ///< checked
  std::vector<std::uint8_t> bfbs;           ///< not verified; empty if the file embeds none
  std::vector<CompatibleEntry> compatible;  ///< earlier layouts that are prefixes of this one
};

/// Corrupt, FormatMismatch: as for read_header(). Corrupt also if the file is truncated.
Result<SelfDescription> read_self_description(int fd, std::uint64_t size, std::string_view path);

}  // namespace evo::detail
