// SPDX-License-Identifier: Apache-2.0
#include "schema/schema_types.hpp"

#include <algorithm>
#include <array>

namespace evo::detail {

namespace {

constexpr std::array<ScalarType, 11> kScalarTypes = {{{reflection::Bool, "bool", 1},
                                                      {reflection::Byte, "int8", 1},
                                                      {reflection::UByte, "uint8", 1},
                                                      {reflection::Short, "int16", 2},
                                                      {reflection::UShort, "uint16", 2},
                                                      {reflection::Int, "int32", 4},
                                                      {reflection::UInt, "uint32", 4},
                                                      {reflection::Long, "int64", 8},
                                                      {reflection::ULong, "uint64", 8},
                                                      {reflection::Float, "float32", 4},
                                                      {reflection::Double, "float64", 8}}};

bool is_known_base_type(const reflection::Type& type, flatbuffers::voffset_t place) {
  const auto number =
      reinterpret_cast<const flatbuffers::Table&>(type).GetField<std::int8_t>(place, 0);
  return number >= reflection::None && number < reflection::MaxBaseType;
}

}  // namespace

const ScalarType* find_scalar(reflection::BaseType type) {
  const auto* found = std::find_if(kScalarTypes.begin(), kScalarTypes.end(),
                                   [&](const ScalarType& each) { return each.type == type; });
  return found == kScalarTypes.end() ? nullptr : found;
}

bool has_known_base_types(const reflection::Type& type) {
  return is_known_base_type(type, reflection::Type::VT_BASE_TYPE) &&
         is_known_base_type(type, reflection::Type::VT_ELEMENT);
}

bool can_hold(reflection::BaseType type, std::int64_t value) {
  const std::uint64_t bits = 8 * find_scalar(type)->size;
  if (bits == 64) return true;
  const bool is_signed =
      type == reflection::Byte || type == reflection::Short || type == reflection::Int;
  const std::int64_t end = std::int64_t{1} << (is_signed ? bits - 1 : bits);
  return value < end && value >= (is_signed ? -end : 0);
}

}  // namespace evo::detail
