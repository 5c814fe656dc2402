/// The names in a domain's directory, sorted out.
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

/// One pass over the directory; a missing one is empty.
Result<DomainFiles> scan(const Domain& domain);

/// "control_state" of "evo_control_state.ctl"; empty if it is no such name.
std::string_view segment_of_control(std::string_view file);

}  // namespace evo::detail
