// SPDX-License-Identifier: Apache-2.0
/// A condition on a field, in the terms of the schema: `mode==Running`, `position>=12.5 mm`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "decode/fields.hpp"
#include "evo/error.hpp"

namespace evo::tools {

class FieldCondition {
 public:
  /// InvalidSize: the text contains no comparison.
  static Result<FieldCondition> parse(std::string_view text);

  /// Whether a value satisfies it. NotFound: no such field. InvalidSize: the field cannot be
  /// compared with this; the message says which values it accepts.
  [[nodiscard]] Result<bool> holds(const Fields& fields, std::span<const std::byte> payload) const;

  /// The actual value: `mode is Idle, not ==Running`. Only after `holds`.
  [[nodiscard]] std::string contradiction(const Fields& fields,
                                          std::span<const std::byte> payload) const;

 private:
  enum class Comparison : std::uint8_t {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual
  };

  FieldCondition() = default;
  [[nodiscard]] Result<Field> field_in(const Fields& fields) const;
  template <class T>
  [[nodiscard]] bool compare(T left, T right) const;

  std::string path_;
  Comparison comparison_ = Comparison::Equal;
  std::string sign_;  ///< the comparison as written
  std::string value_;
};

}  // namespace evo::tools
