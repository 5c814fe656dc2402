// SPDX-License-Identifier: Apache-2.0
#include "inspect/selection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "evo/format.hpp"

namespace evo::tools {

namespace {

Selection& selection_of(std::vector<Selection>& selections, std::string_view segment) {
  const auto found = std::ranges::find(selections, segment, &Selection::segment);
  if (found != selections.end()) return *found;
  return selections.emplace_back(Selection{std::string(segment), {}});
}

}  // namespace

Result<std::vector<Selection>> selections_of(const std::vector<std::string>& segments,
                                             const std::vector<std::string>& fields) {
  std::vector<Selection> selections;
  for (const std::string& segment : segments) selection_of(selections, segment);
  const std::size_t named_alone = selections.size();
  for (const std::string& field : fields) {
    const std::size_t colon = field.find(':');
    if (colon != std::string::npos) {
      selection_of(selections, field.substr(0, colon)).paths.push_back(field.substr(colon + 1));
    } else if (named_alone == 1) {
      selections.front().paths.push_back(field);
    } else {
      return make_error(ErrorCode::InvalidName,
                        "field '{}' could belong to any segment; write SEGMENT:{}", field, field);
    }
  }
  if (selections.empty()) {
    return make_error(ErrorCode::InvalidName,
                      "no segment is named; evo-shm list shows the segments");
  }
  return selections;
}

}  // namespace evo::tools
