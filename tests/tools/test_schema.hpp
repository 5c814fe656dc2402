// SPDX-License-Identifier: Apache-2.0
/// The schemas of tests/schemas, as files.
#pragma once

#include <string>

namespace evo::test {

inline std::string test_schema(const std::string& name) {
  return std::string(EVO_SCHEMAS) + "/" + name + ".fbs";
}

}  // namespace evo::test
