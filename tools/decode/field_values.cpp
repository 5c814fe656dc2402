// SPDX-License-Identifier: Apache-2.0
/// Field values: as text, as JSON, as a number, and set from text.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "decode/fields.hpp"
#include "evo/format.hpp"
#include "text/trimmed.hpp"

namespace evo::tools {

namespace {

std::size_t place_of(const Field& field, std::uint32_t index) {
  return field.offset + index * size_of(field.scalar);
}

template <class T>
T load(const Field& field, std::span<const std::byte> payload, std::uint32_t index) {
  T value{};
  const std::size_t place = place_of(field, index);
  if (place + sizeof(T) <= payload.size()) std::memcpy(&value, payload.data() + place, sizeof(T));
  return value;
}

/// The bits of an integral element, in the form of LayoutEnumValue.
std::int64_t bits_of(const Field& field, std::span<const std::byte> payload, std::uint32_t index) {
  return with_type(field.scalar, [&](auto kind) {
    return static_cast<std::int64_t>(load<decltype(kind)>(field, payload, index));
  });
}

}  // namespace

std::optional<std::string> Fields::enumerator_of(const Field& field, std::int64_t bits) const {
  const Enumerators* const values = enumerators_of(field);
  if (values == nullptr) return std::nullopt;
  const auto same = std::ranges::lower_bound(values->places, std::pair(bits, std::size_t{0}));
  if (same != values->places.end() && same->first == bits) {
    return values->declared[same->second].name;
  }
  if (!values->are_flags()) return std::nullopt;
  if (bits == 0) return "none";
  std::string names;
  std::int64_t left = bits;
  for (const LayoutEnumValue& flag : values->declared) {
    // Flags may share bits: a flag is set if all of its bits are, and is named only if it adds a
    // bit.
    if ((bits & flag.value) != flag.value || (left & flag.value) == 0) continue;
    if (!names.empty()) names += '|';
    names += flag.name;
    left &= ~flag.value;
  }
  return left == 0 ? std::optional(names) : std::nullopt;
}

std::optional<std::int64_t> Fields::enumerated(const Field& field, std::string_view text) const {
  const std::vector<LayoutEnumValue>& values = *enumerators(field);
  const bool flags = enumerators_of(field)->are_flags();
  if (flags && text == "none") return 0;
  std::int64_t bits = 0;
  while (true) {
    const std::size_t bar = flags ? text.find('|') : std::string_view::npos;
    const auto found = std::find_if(values.begin(), values.end(), [&](const auto& value) {
      return value.name == trimmed(text.substr(0, bar));
    });
    if (found == values.end()) return std::nullopt;
    bits |= found->value;
    if (bar == std::string_view::npos) return bits;
    text.remove_prefix(bar + 1);
  }
}

std::string Fields::element_text(const Field& field, std::span<const std::byte> payload,
                                 std::uint32_t index) const {
  if (enumerators(field) != nullptr) {
    if (auto name = enumerator_of(field, bits_of(field, payload, index))) return *name;
  }
  return with_type(field.scalar, [&](auto kind) {
    const auto value = load<decltype(kind)>(field, payload, index);
    if (field.scalar == Scalar::Bool && value <= 1)
      return std::string(value == 0 ? "false" : "true");
    return fmt::format("{}", value);
  });
}

std::string Fields::text(const Field& field, std::span<const std::byte> payload,
                         std::size_t most) const {
  if (field.length == 0) return element_text(field, payload, 0);
  std::string out = "[";
  for (std::uint32_t i = 0; i < field.length; ++i) {
    if (i != 0) out += ", ";
    if (i == most) return out + fmt::format("… {} in all]", field.length);
    out += element_text(field, payload, i);
  }
  return out + ']';
}

nlohmann::ordered_json Fields::json(const Field& field, std::span<const std::byte> payload) const {
  const auto element = [&](std::uint32_t index) -> nlohmann::ordered_json {
    const std::string shown = element_text(field, payload, index);
    if (enumerators(field) != nullptr) return shown;
    return with_type(field.scalar, [&](auto kind) -> nlohmann::ordered_json {
      const auto value = load<decltype(kind)>(field, payload, index);
      if (field.scalar == Scalar::Bool && value <= 1) return value != 0;
      if constexpr (std::is_floating_point_v<decltype(kind)>) {
        if (!std::isfinite(value)) return shown;
        // Printed as a double, a float would show digits that it does not have.
        return nlohmann::ordered_json::parse(shown);
      } else {
        return value;
      }
    });
  };
  if (field.length == 0) return element(0);
  auto out = nlohmann::ordered_json::array();
  for (std::uint32_t i = 0; i < field.length; ++i) out.push_back(element(i));
  return out;
}

double Fields::number(const Field& field, std::span<const std::byte> payload, std::uint32_t index) {
  return with_type(field.scalar, [&](auto kind) {
    return static_cast<double>(load<decltype(kind)>(field, payload, index));
  });
}

std::optional<std::string> Fields::complaint(const Field& field,
                                             std::span<const std::byte> payload) const {
  const auto minimum = parse_number<double>(field.declared->minimum);
  const auto maximum = parse_number<double>(field.declared->maximum);
  const auto* values = enumerators(field);
  for (std::uint32_t i = 0; i < field.count(); ++i) {
    const std::string path = field.length == 0 ? field.path : fmt::format("{}[{}]", field.path, i);
    const std::string shown = element_text(field, payload, i);
    const double value = number(field, payload, i);
    if (std::isnan(value)) return fmt::format("{} is not a number (nan)", path);
    if (field.scalar == Scalar::Bool && value > 1) {
      return fmt::format("{} is {}, neither false nor true", path, shown);
    }
    if (values != nullptr && !enumerator_of(field, bits_of(field, payload, i))) {
      return fmt::format("{} is {}, not a value of {}", path, shown, enum_of(field.declared->type));
    }
    if ((minimum && value < *minimum) || (maximum && value > *maximum)) {
      return fmt::format("{} is {}, outside {} to {}", path, shown,
                         minimum ? field.declared->minimum : "-inf",
                         maximum ? field.declared->maximum : "inf");
    }
  }
  return std::nullopt;
}

Result<void> Fields::set_element(const Field& field, std::uint32_t index, std::string_view text,
                                 std::span<std::byte> payload) const {
  const auto store = [&](auto value) {
    std::memcpy(payload.data() + place_of(field, index), &value, sizeof(value));
    return Result<void>();
  };
  if (const auto* values = enumerators(field)) {
    if (const auto bits = enumerated(field, text)) {
      return with_type(field.scalar,
                       [&](auto kind) { return store(static_cast<decltype(kind)>(*bits)); });
    }
    std::vector<std::string> names;
    for (const LayoutEnumValue& value : *values) names.push_back(value.name);
    return make_error(ErrorCode::InvalidSize, "'{}' is not a valid value for {}; expected {}", text,
                      field.path, fmt::join(names, ", "));
  }
  if (field.scalar == Scalar::Bool) {
    if (text == "true" || text == "1") return store(std::uint8_t{1});
    if (text == "false" || text == "0") return store(std::uint8_t{0});
    return make_error(ErrorCode::InvalidSize,
                      "'{}' is not a valid value for {}; expected true or false", text, field.path);
  }
  return with_type(field.scalar, [&](auto kind) -> Result<void> {
    using T = decltype(kind);
    if (const auto value = parse_number<T>(text)) return store(*value);
    if constexpr (std::is_floating_point_v<T>) {
      return make_error(ErrorCode::InvalidSize,
                        "'{}' is not a valid value for {}; expected a number", text, field.path);
    } else {
      return make_error(ErrorCode::InvalidSize,
                        "'{}' is not a valid value for {}; expected {} to {}", text, field.path,
                        std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
    }
  });
}

Result<void> Fields::set(const Field& field, std::string_view text,
                         std::span<std::byte> payload) const {
  text = trimmed(text);
  if (place_of(field, field.count()) > payload.size()) {
    return make_error(ErrorCode::InvalidSize, "{} lies outside the payload", field.path);
  }
  if (field.length == 0) return set_element(field, 0, text, payload);
  if (!text.starts_with('[') || !text.ends_with(']')) {
    return make_error(ErrorCode::InvalidSize,
                      "{} is an array of {}; write [a, b, …], or name one element, as in {}[0]",
                      field.path, field.length, field.path);
  }
  text = text.substr(1, text.size() - 2);
  for (std::uint32_t i = 0; i < field.length; ++i) {
    const std::size_t comma = text.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == field.length)) {
      return make_error(ErrorCode::InvalidSize, "{} takes {} values", field.path, field.length);
    }
    if (auto done = set_element(field, i, trimmed(text.substr(0, comma)), payload); !done)
      return done;
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return {};
}

}  // namespace evo::tools
