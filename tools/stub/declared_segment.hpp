// SPDX-License-Identifier: Apache-2.0
/// A segment as a schema file declares it, ready to be created.
#pragma once

#include <string>
#include <vector>

#include "decode/fields.hpp"
#include "inspect/owned_description.hpp"

namespace evo::tools {

struct DeclaredSegment {
  OwnedDescription description;  ///< as the generated writer of that schema would create it, but
                                 ///< with no earlier layouts: only a schema lock has those
  Fields fields;
};

/// Compiles the schema file; see `compile_schema`. NotFound: no such file, or it declares no such
/// segment. InvalidSchema: an attribute that the generator would reject too.
Result<DeclaredSegment> declared_segment(const std::string& file,
                                         const std::vector<std::string>& includes,
                                         const std::string& segment);

}  // namespace evo::tools
