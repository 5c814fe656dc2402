// SPDX-License-Identifier: Apache-2.0
/// A binary schema (.bfbs) that has passed the check on which all other code relies.
///
/// Any process that may write a segment chooses the schema that it carries. So no other code uses
/// such a schema until all of this holds for the struct of the segment and for every type that it
/// refers to:
///
///   S1  The bytes are a binary FlatBuffers schema of at most kMaximumSchemaSize bytes: every
///       offset, text and number lies within them, however many entries refer to it.
///   S2  Each name is an identifier of the schema language (with dots between the namespaces of a
///       type), of bounded length. No two types, fields of a struct or enumerators of an enum share
///       one, and only one struct declares the segment.
///   S3  Each index leads to a type, each base type is one that a struct may hold, and each array
///       has elements. Structs are nested at most 16 deep, so none contains itself.
///   S4  Sizes, offsets and alignments are those that FlatBuffers' rules give.
///   S5  Values of an enum fit its type, no two are equal, and fields that use it have its type.
///   S6  No attribute occurs twice, and each value is one that tools may print and act on.
///   S7  The number and size of fields, enumerators, attributes and texts are bounded in total.
///
/// Comments are free text, and the program that shows them must filter them. Types that the segment
/// does not use are bounded by S1 and have valid names; nothing else is known about them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "evo/error.hpp"

namespace reflection {
struct Enum;
struct Field;
struct Object;
struct Schema;
}  // namespace reflection

namespace evo {

/// Its types are those of flatbuffers/reflection_generated.h; a caller that inspects them includes
/// that header.
class CheckedSchema {
 public:
  /// Checks all of the above, in private memory, in time that grows with the size of `bfbs`.
  /// InvalidSchema says what is wrong, and quotes nothing from the rejected schema.
  [[nodiscard]] static Result<CheckedSchema> of(std::span<const std::uint8_t> bfbs,
                                                std::string_view segment);

  /// The struct of the segment. Valid as long as this object, or the one that it was moved to,
  /// exists.
  [[nodiscard]] const reflection::Object& root() const noexcept { return *root_; }
  /// The fields, in the order in which the schema declares them.
  [[nodiscard]] static std::vector<const reflection::Field*> fields_of(
      const reflection::Object& object);
  /// The struct type of a field, or of its array's elements; nullptr if it is not a struct.
  [[nodiscard]] const reflection::Object* struct_of(const reflection::Field& field) const;
  /// The enum type of a field, or of its array's elements; nullptr if it is not an enum.
  [[nodiscard]] const reflection::Enum* enum_of(const reflection::Field& field) const;

 private:
  explicit CheckedSchema(std::vector<std::uint8_t> bfbs) : bfbs_(std::move(bfbs)) {}

  std::vector<std::uint8_t> bfbs_;
  const reflection::Schema* schema_ = nullptr;
  const reflection::Object* root_ = nullptr;
};

}  // namespace evo
