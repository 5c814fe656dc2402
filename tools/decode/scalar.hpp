// SPDX-License-Identifier: Apache-2.0
/// The number types of fields.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace evo::tools {

enum class Scalar : std::uint8_t {
  Bool,
  Int8,
  UInt8,
  Int16,
  UInt16,
  Int32,
  UInt32,
  Int64,
  UInt64,
  Float32,
  Float64
};

/// Calls `use` with a value of the type that the scalar denotes.
template <class Use>
auto with_type(Scalar scalar, Use&& use) {
  switch (scalar) {
    case Scalar::Bool:
    case Scalar::UInt8:
      return use(std::uint8_t{});
    case Scalar::Int8:
      return use(std::int8_t{});
    case Scalar::Int16:
      return use(std::int16_t{});
    case Scalar::UInt16:
      return use(std::uint16_t{});
    case Scalar::Int32:
      return use(std::int32_t{});
    case Scalar::UInt32:
      return use(std::uint32_t{});
    case Scalar::Int64:
      return use(std::int64_t{});
    case Scalar::UInt64:
      return use(std::uint64_t{});
    case Scalar::Float32:
      return use(float{});
    case Scalar::Float64:
      break;
  }
  return use(double{});
}

[[nodiscard]] inline std::size_t size_of(Scalar scalar) {
  return with_type(scalar, [](auto kind) { return sizeof(kind); });
}

/// The scalar of a LayoutField's type; nothing if the type is unknown. An enum is its underlying
/// number.
[[nodiscard]] std::optional<Scalar> scalar_of(std::string_view type);

/// "enum cell.control.Mode: uint8" -> "cell.control.Mode"; empty if it is not an enum.
[[nodiscard]] std::string_view enum_of(std::string_view type);

/// Parses the whole text as a number, hexadecimal with `0x`; nothing if malformed or out of range.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  if constexpr (std::is_floating_point_v<T>) {
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || rest != end) return std::nullopt;
  } else {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    const auto [rest, error] =
        std::from_chars(text.data() + (hexadecimal ? 2 : 0), end, value, hexadecimal ? 16 : 10);
    if (error != std::errc() || rest != end) return std::nullopt;
  }
  return value;
}

}  // namespace evo::tools
