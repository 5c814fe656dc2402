// SPDX-License-Identifier: Apache-2.0
/// A hash of a value, stored in the value: mixing words of two values breaks it.
///
/// Deliberately independent of the runtime's own guarantee: the cell proves that no reader receives
/// a torn value by means that share no code with that guarantee.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

namespace evo::machine {

/// FNV-1a over the value's 64-bit words, with the field `consistency` taken as zero. The payload
/// types have no hidden padding, so equal values have equal words.
template <class Value>
[[nodiscard]] std::uint64_t hash_of(Value value) noexcept {
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) % sizeof(std::uint64_t) == 0);
  value.consistency = 0;
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const std::uint64_t word :
       std::bit_cast<std::array<std::uint64_t, sizeof(Value) / sizeof(std::uint64_t)>>(value)) {
    hash = (hash ^ word) * 0x100000001b3U;
  }
  return hash;
}

/// Makes the value consistent; to be called last, just before publishing.
template <class Value>
void seal(Value& value) noexcept {
  value.consistency = hash_of(value);
}

/// Whether all words of the value come from one publish.
template <class Value>
[[nodiscard]] bool is_consistent(const Value& value) noexcept {
  return value.consistency == hash_of(value);
}

}  // namespace evo::machine
