/// A binary schema (.bfbs) after the one check that everything else relies on.
///
/// Anyone who may write a segment chooses the schema that it carries. So nothing follows such a
/// schema before all of this holds for the struct of the segment and for every type that it leads
/// to:
///
///   S1  The bytes are a binary FlatBuffers schema of at most kMaximumSchemaSize bytes: every
///       offset, text and number lies inside, however often it is referred to.
///   S2  Each name is an identifier of the schema language (with dots between the namespaces of a
///       type), of bounded length. No two types, fields of a struct or enumerators of an enum share
///       one, and one struct only declares the segment.
///   S3  Each index leads to a type, each base type is one that a struct may hold, and each array
///       has elements. Structs are nested at most 16 deep, so none contains itself.
///   S4  Sizes, offsets and alignments are those that FlatBuffers' rules give.
///   S5  Values of an enum fit its type, no two are equal, and its type is that of its fields.
///   S6  Attributes occur once each, and their values are what tools may print and act on.
///   S7  Fields, enumerators, attributes and texts are bounded in number and size, all in all.
///
/// Comments are free text, which is for the program that shows it to filter. Types that the segment
/// does not use are bounded by S1 and have proper names, and nothing else is known of them.
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

/// Its types are those of flatbuffers/reflection_generated.h, which a caller that looks into them
/// includes.
class CheckedSchema {
 public:
  /// Checks all of the above, in private memory and in a time that grows with the size of `bfbs`.
  /// InvalidSchema says what is wrong, and prints nothing of the schema that did not pass.
  [[nodiscard]] static Result<CheckedSchema> of(std::span<const std::uint8_t> bfbs,
                                                std::string_view segment);

  /// The struct of the segment. It lives as long as this object does, also after a move.
  [[nodiscard]] const reflection::Object& root() const noexcept { return *root_; }
  /// In the order in which the schema declares them.
  [[nodiscard]] static std::vector<const reflection::Field*> fields_of(
      const reflection::Object& object);
  /// The struct that a field is, or is an array of; nullptr if it is none.
  [[nodiscard]] const reflection::Object* struct_of(const reflection::Field& field) const;
  /// The enum of a field, or of the elements of its array; nullptr if it has none.
  [[nodiscard]] const reflection::Enum* enum_of(const reflection::Field& field) const;

 private:
  explicit CheckedSchema(std::vector<std::uint8_t> bfbs) : bfbs_(std::move(bfbs)) {}

  std::vector<std::uint8_t> bfbs_;
  const reflection::Schema* schema_ = nullptr;
  const reflection::Object* root_ = nullptr;
};

}  // namespace evo
