// SPDX-License-Identifier: Apache-2.0
/// A segment's description of itself, in the form that `create` needs to recreate it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evo/channel.hpp"
#include "inspect/inspected_segment.hpp"

namespace evo::tools {

/// A ChannelDescription that owns what it refers to.
struct OwnedDescription {
  std::string name;
  std::string module;
  Kind kind = Kind::State;
  std::uint64_t size = 0;
  std::uint32_t alignment = 8;
  std::uint32_t slots = 4;  ///< capacity, for a stream
  Overflow overflow = Overflow::Overwrite;
  std::uint32_t max_readers = 128;
  std::uint64_t period_ns = 0;
  std::uint64_t max_age_ns = 0;
  bool stamped = true;
  bool checksummed = false;
  Access access = Access::Owner;
  LayoutVersion version;
  SchemaId schema_id;
  std::vector<CompatibleLayout> compatible;
  std::vector<std::uint8_t> bfbs;
};

/// The segment must be readable. Io, PermissionDenied: the data file's mode cannot be read.
Result<OwnedDescription> describe_owned(const InspectedSegment& inspected);

/// Refers to the description, which must outlive it.
ChannelDescription describe(const OwnedDescription& description);

}  // namespace evo::tools
