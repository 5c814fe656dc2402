// SPDX-License-Identifier: Apache-2.0
/// Values of one or more segments as the columns of one CSV table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decode/fields.hpp"

namespace evo::tools {

/// One number of a payload, and its label.
struct Element {
  Field field;
  std::uint32_t index = 0;
  std::string label;
};

/// The elements of fields, arrays expanded; each label begins with `prefix`. InvalidSize: more than
/// `most`.
[[nodiscard]] Result<std::vector<Element>> elements_of(const std::vector<Field>& fields,
                                                       const std::string& prefix, std::size_t most);

class ValueColumns {
 public:
  /// Adds the columns of a segment; returns its number for `line`. The fields must outlive this
  /// object.
  std::size_t add(const Fields& fields, std::vector<Element> elements);

  /// `time` and the labels.
  [[nodiscard]] std::string head() const;

  /// A value of one segment: numbers plain, enumerators by name. The cells of other segments are
  /// empty.
  [[nodiscard]] std::string line(std::size_t segment, std::string_view time,
                                 std::span<const std::byte> payload) const;

 private:
  struct Part {
    const Fields* fields;
    std::vector<Element> elements;
  };
  std::vector<Part> parts_;
};

}  // namespace evo::tools
