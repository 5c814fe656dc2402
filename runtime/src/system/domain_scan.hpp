// SPDX-License-Identifier: Apache-2.0
/// The names in a domain's directory, sorted by kind of file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo::detail {

struct DomainFiles {
  std::vector<std::string> segments;  ///< names of segments that have a control file, sorted
  std::vector<std::string> data;      ///< names of files that may be data files
};

/// Reads the directory once. A missing directory counts as empty.
Result<DomainFiles> scan(const Domain& domain);

/// "control_state" for "evo_control_state.ctl"; empty if it is not the name of a control file.
std::string_view segment_of_control(std::string_view file);

}  // namespace evo::detail
