// SPDX-License-Identifier: Apache-2.0
/// The types that a field of a struct may have in a binary schema.
#pragma once

#include <flatbuffers/reflection_generated.h>

#include <cstdint>
#include <string_view>

namespace evo::detail {

/// A number or a bool.
struct ScalarType {
  reflection::BaseType type;
  std::string_view name;  ///< as in LayoutField
  std::uint64_t size;
};

/// Returns nullptr if the type is neither a number nor a bool.
const ScalarType* find_scalar(reflection::BaseType type);

/// Whether both base types of `type` are known. Call this before the accessors of FlatBuffers: they
/// convert any stored number to an enum, which is undefined behaviour for most numbers.
bool has_known_base_types(const reflection::Type& type);

/// The base type of a field or, for an array, of its elements.
inline reflection::BaseType element_of(const reflection::Type& type) {
  return type.base_type() == reflection::Array ? type.element() : type.base_type();
}

inline bool is_integer(reflection::BaseType type) {
  return type >= reflection::Byte && type <= reflection::ULong;
}

/// Whether an integer of `type` can hold `value`, which carries the bits of a signed number.
bool can_hold(reflection::BaseType type, std::int64_t value);

}  // namespace evo::detail
