/// Keeps a look up to date while a command follows the values of its segment.
#pragma once

#include <cstdint>
#include <string>

#include "look/segment_look.hpp"

namespace evo::tools {

class Upkeep {
 public:
  /// The look must outlive it, and have fields.
  explicit Upkeep(SegmentLook& look)
      : look_(&look), schema_id_(look.info().layout.schema_id.hex()) {}

  /// Checks at most ten times a second, because of the system calls, whether the segment still
  /// exists. NotFound: it is gone. SchemaMismatch: it was recreated with another schema, so the
  /// fields no longer match.
  Result<void> keep();

  /// Checks now.
  Result<void> look_again();

 private:
  SegmentLook* look_;
  std::string schema_id_;
  std::uint64_t asked_ns_ = 0;
};

}  // namespace evo::tools
