/// Keeps a look up to date while the values of its segment are followed.
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

  /// Asks ten times a second at most whether the segment is still there: it takes system calls.
  /// NotFound: it is gone. SchemaMismatch: made anew from another schema, so the fields are not
  /// what they were.
  Result<void> keep();

  /// Asks now.
  Result<void> look_again();

 private:
  SegmentLook* look_;
  std::string schema_id_;
  std::uint64_t asked_ns_ = 0;
};

}  // namespace evo::tools
