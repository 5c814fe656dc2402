// SPDX-License-Identifier: Apache-2.0
/// Keeps an inspected segment up to date while a command follows its values.
#pragma once

#include <cstdint>
#include <string>

#include "inspect/inspected_segment.hpp"

namespace evo::tools {

class SchemaGuard {
 public:
  /// `inspected` must outlive it, and have fields.
  explicit SchemaGuard(InspectedSegment& inspected)
      : inspected_(&inspected), schema_id_(inspected.info().layout.schema_id.hex()) {}

  /// Checks at most ten times a second, because of the system calls, whether the segment still
  /// exists. NotFound: it is gone. SchemaMismatch: it was recreated with another schema, so the
  /// fields no longer match.
  Result<void> keep();

  /// Checks now.
  Result<void> look_again();

 private:
  InspectedSegment* inspected_;
  std::string schema_id_;
  std::uint64_t asked_ns_ = 0;
};

}  // namespace evo::tools
