// SPDX-License-Identifier: Apache-2.0
#include "inspect/value_columns.hpp"

#include <fmt/format.h>

#include "evo/format.hpp"
#include "text/csv.hpp"

namespace evo::tools {

Result<std::vector<Element>> elements_of(const std::vector<Field>& fields,
                                         const std::string& prefix, std::size_t most) {
  std::vector<Element> elements;
  for (const Field& field : fields) {
    for (std::uint32_t i = 0; i < field.count(); ++i) {
      if (elements.size() == most) {
        return make_error(ErrorCode::InvalidSize,
                          "these are more than {} numbers; name fewer fields, or single elements "
                          "as in {}[0]",
                          most, field.path);
      }
      const std::string name =
          field.length == 0 ? field.path : fmt::format("{}[{}]", field.path, i);
      elements.push_back({field, i, prefix + name});
    }
  }
  return elements;
}

std::size_t ValueColumns::add(const Fields& fields, std::vector<Element> elements) {
  parts_.push_back({&fields, std::move(elements)});
  return parts_.size() - 1;
}

std::string ValueColumns::head() const {
  std::vector<std::string> cells{"time"};
  for (const Part& part : parts_) {
    for (const Element& element : part.elements) cells.push_back(element.label);
  }
  return csv_line(cells);
}

std::string ValueColumns::line(std::size_t segment, std::string_view time,
                               std::span<const std::byte> payload) const {
  std::vector<std::string> cells{std::string(time)};
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    for (const Element& element : parts_[i].elements) {
      cells.push_back(i != segment
                          ? std::string()
                          : parts_[i].fields->element_text(element.field, payload, element.index));
    }
  }
  return csv_line(cells);
}

}  // namespace evo::tools
