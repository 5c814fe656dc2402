/// Values of one or more segments as the columns of one table of comma-separated values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decode/fields.hpp"

namespace evo::tools {

/// One number of a payload, and what it is called.
struct Element {
  Field field;
  std::uint32_t index = 0;
  std::string label;
};

/// The elements of fields, arrays spelled out; each label begins with `prefix`. InvalidSize: more
/// than `most`.
[[nodiscard]] Result<std::vector<Element>> elements_of(const std::vector<Field>& fields,
                                                       const std::string& prefix, std::size_t most);

class ValueColumns {
 public:
  /// Adds the columns of a segment; gives the number by which `line` knows it. The fields must
  /// outlive this.
  std::size_t add(const Fields& fields, std::vector<Element> elements);

  /// `time` and the labels.
  [[nodiscard]] std::string head() const;

  /// A value of one segment: numbers plain, enumerators by name. The cells of the others are empty.
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
