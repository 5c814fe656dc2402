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

/// nullptr if it is neither number nor bool.
const ScalarType* find_scalar(reflection::BaseType type);

/// Whether both of its base types are known. The accessors of FlatBuffers make an enum of any
/// number that stands there, which is undefined for most of them, so this comes before them.
bool has_known_base_types(const reflection::Type& type);

/// Of a field or, if that is an array, of its elements.
inline reflection::BaseType element_of(const reflection::Type& type) {
  return type.base_type() == reflection::Array ? type.element() : type.base_type();
}

inline bool is_integer(reflection::BaseType type) {
  return type >= reflection::Byte && type <= reflection::ULong;
}

/// Whether an integer of `type` can be `value`, the bits of which are those of a signed number.
bool can_hold(reflection::BaseType type, std::int64_t value);

}  // namespace evo::detail
