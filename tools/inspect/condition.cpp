// SPDX-License-Identifier: Apache-2.0
#include "inspect/condition.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "evo/format.hpp"
#include "text/trimmed.hpp"

namespace evo::tools {

namespace {

/// `12.5 mm` becomes `12.5` for a field in mm.
std::string_view without_unit(std::string_view value, std::string_view unit) {
  if (unit.empty() || value.size() <= unit.size() || !value.ends_with(unit)) return value;
  return trimmed(value.substr(0, value.size() - unit.size()));
}

}  // namespace

Result<FieldCondition> FieldCondition::parse(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, Comparison>, 7> kComparisons{{
      // Longer ones first: `<` is a prefix of `<=`.
      {"==", Comparison::Equal},
      {"!=", Comparison::NotEqual},
      {"<=", Comparison::LessOrEqual},
      {">=", Comparison::GreaterOrEqual},
      {"<", Comparison::Less},
      {">", Comparison::Greater},
      {"=", Comparison::Equal},
  }};
  const std::size_t at = text.find_first_of("=!<>");
  const std::string_view rest = at == std::string_view::npos ? "" : text.substr(at);
  for (const auto& [sign, comparison] : kComparisons) {
    if (!rest.starts_with(sign)) continue;
    FieldCondition condition;
    condition.path_ = trimmed(text.substr(0, at));
    condition.comparison_ = comparison;
    condition.sign_ = sign;
    condition.value_ = trimmed(rest.substr(sign.size()));
    if (condition.path_.empty() || condition.value_.empty()) break;
    return condition;
  }
  return make_error(
      ErrorCode::InvalidSize,
      "'{}' is not a condition; write a field, one of == != < <= > >=, and a value, as "
      "in 'mode==Running'",
      text);
}

Result<Field> FieldCondition::field_in(const Fields& fields) const {
  auto found = fields.find(path_);
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->size() == 1 && found->front().length == 0) return std::move(found->front());
  const Field& first = found->front();
  return make_error(ErrorCode::InvalidSize, "{} is more than one number; name one, as in {}", path_,
                    first.length == 0 ? first.path : first.path + "[0]");
}

template <class T>
bool FieldCondition::compare(T left, T right) const {
  switch (comparison_) {
    case Comparison::Equal:
      return left == right;
    case Comparison::NotEqual:
      return left != right;
    case Comparison::Less:
      return left < right;
    case Comparison::LessOrEqual:
      return left <= right;
    case Comparison::Greater:
      return left > right;
    case Comparison::GreaterOrEqual:
      break;
  }
  return left >= right;
}

Result<bool> FieldCondition::holds(const Fields& fields, std::span<const std::byte> payload) const {
  auto field = field_in(fields);
  if (!field) return tl::unexpected(std::move(field.error()));
  const std::string_view unit = field->declared->unit;
  // A payload in which the field holds the value of the condition, in the field's own type: 0.1
  // then equals a float that was set to 0.1.
  std::vector<std::byte> wanted(payload.size());
  if (auto set = fields.set(*field, without_unit(value_, unit), wanted); !set) {
    if (!unit.empty()) set.error().message += fmt::format(", in {}", unit);
    return tl::unexpected(std::move(set.error()));
  }
  return with_type(field->scalar, [&](auto kind) {
    decltype(kind) left{};
    decltype(kind) right{};
    std::memcpy(&left, payload.data() + field->offset, sizeof(left));
    std::memcpy(&right, wanted.data() + field->offset, sizeof(right));
    return compare(left, right);
  });
}

std::string FieldCondition::contradiction(const Fields& fields,
                                          std::span<const std::byte> payload) const {
  const auto field = field_in(fields);
  return fmt::format("{} is {}, not {}{}", path_, field ? fields.text(*field, payload) : "unknown",
                     sign_, value_);
}

}  // namespace evo::tools
