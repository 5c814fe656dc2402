// SPDX-License-Identifier: Apache-2.0
/// The bools of values that another process wrote.
///
/// That process may have stored any byte in a bool, and reading a bool that is neither 0 nor 1 is
/// undefined behaviour. So the typed endpoints check the bytes first and store `true` over any byte
/// above 1: every byte except 0 is true.
///
/// The generator emits `for_each_bool(value, visit)` after each struct that holds bools;
/// argument-dependent lookup finds it. A type without bools costs nothing.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>

namespace evo::detail {

inline constexpr std::byte kTrue{1};

/// The byte of a bool, which need not be 0 or 1.
[[nodiscard]] inline std::byte byte_of(const bool& value) noexcept {
  return *reinterpret_cast<const std::byte*>(&value);
}

/// A visitor that does nothing.
struct IgnoreBool {
  constexpr void operator()(const bool& /*value*/) const noexcept {}
};

/// Whether values of the type hold bools.
template <class T>
inline constexpr bool kHoldsBools = requires(const T& value) {
  for_each_bool(value, IgnoreBool());
};
template <>
inline constexpr bool kHoldsBools<bool> = true;
template <class T, std::size_t kLength>
inline constexpr bool kHoldsBools<std::array<T, kLength>> = kHoldsBools<T>;

template <class T>
inline constexpr bool kIsArray = false;
template <class T, std::size_t kLength>
inline constexpr bool kIsArray<std::array<T, kLength>> = true;

/// Calls `visit(const bool&)` on a bool, or on each bool of an array or a generated struct.
template <class T>
constexpr void visit_bools(const T& value, auto&& visit) {
  if constexpr (std::same_as<T, bool>) {
    visit(value);
  } else if constexpr (kIsArray<T>) {
    for (const auto& each : value) detail::visit_bools(each, visit);
  } else {
    for_each_bool(value, visit);
  }
}

/// Whether one of the value's bools is neither true nor false.
template <class T>
[[nodiscard]] inline bool has_strange_bool(const T& value) noexcept {
  if constexpr (kHoldsBools<T>) {
    std::byte bits{};  // of all bools: a single branch, and wide loads from arrays
    detail::visit_bools(value, [&](const bool& each) { bits |= byte_of(each); });
    return bits > kTrue;
  } else {
    return false;
  }
}

/// Sets each of the value's bools that is neither true nor false to true. Stores nothing if there
/// is none.
template <class T>
inline void settle_bools(T& value) noexcept {
  if constexpr (kHoldsBools<T>) {
    if (!has_strange_bool(value)) [[likely]]
      return;
    detail::visit_bools(value, [](const bool& each) {
      if (byte_of(each) > kTrue) const_cast<bool&>(each) = true;  // `value` is not const
    });
  }
}

}  // namespace evo::detail
