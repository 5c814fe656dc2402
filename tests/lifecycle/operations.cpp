// SPDX-License-Identifier: Apache-2.0
#include "operation.hpp"

#include <vector>

namespace evo::test::lifecycle {

std::span<const Operation> operations() {
  static const std::vector<Operation> all = [] {
    std::vector<Operation> rows;
    for (const auto table : {writer_operations(), reader_operations(), maintenance_operations(),
                             process_operations(), hostile_operations()}) {
      rows.insert(rows.end(), table.begin(), table.end());
    }
    return rows;
  }();
  return all;
}

}  // namespace evo::test::lifecycle
