// SPDX-License-Identifier: Apache-2.0
/// Segments and fields as a command line names them.
#pragma once

#include <string>
#include <vector>

#include "evo/error.hpp"

namespace evo::tools {

/// A segment, and the paths of its fields; empty: no field was named.
struct Selection {
  std::string segment;
  std::vector<std::string> paths;

  friend bool operator==(const Selection&, const Selection&) = default;
};

/// The segments in the order in which they are named. A field is `SEGMENT:PATH`, or `PATH` if there
/// is only one segment. InvalidName: no segment at all, or a path that does not say which segment
/// it is in.
[[nodiscard]] Result<std::vector<Selection>> selections_of(const std::vector<std::string>& segments,
                                                           const std::vector<std::string>& fields);

}  // namespace evo::tools
