// SPDX-License-Identifier: Apache-2.0
#include "evo/checked_schema.hpp"

#include <flatbuffers/reflection_generated.h>

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <unordered_set>

#include "evo/domain.hpp"
#include "evo/format.hpp"
#include "evo/format/segment_header.hpp"
#include "evo/format/slot.hpp"
#include "evo/segment_paths.hpp"
#include "schema/schema_attributes.hpp"
#include "schema/schema_census.hpp"
#include "schema/schema_text.hpp"
#include "schema/schema_types.hpp"

namespace evo {

namespace {

/// Deeper nesting than the generator accepts. The check of a schema that contains itself ends here.
constexpr std::size_t kDeepestNesting = 16;
/// Limits for a whole segment: its fields, where a nested struct's fields count at each use, and
/// the values of all its enums.
constexpr std::size_t kMostFields = 4096;
constexpr std::size_t kMostEnumerators = 4096;
constexpr std::size_t kMostFlags = 64;
constexpr std::size_t kMostAttributes = 64;
/// Longest path of a nested field. 17 names that the generator accepts fit in it.
constexpr std::size_t kLongestPath = 1024;
constexpr std::size_t kMostText = kMaximumSchemaSize;
constexpr std::uint64_t kStrictestAlignment = 64;

/// Checks S2 to S7. Each function returns false after the first fault, which `refuse` keeps.
class Gate {
 public:
  Gate(const reflection::Schema& schema, std::string_view segment)
      : schema_(schema), segment_(segment) {}

  /// The struct of the segment; nullptr if something is wrong.
  const reflection::Object* open() {
    if (!check_type_names()) return nullptr;  // G1
    const reflection::Object* const root = find_root();
    return root != nullptr && check_struct(*root, 0) != nullptr ? root : nullptr;
  }
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  /// What a struct contributes to the structs that contain it.
  struct Extent {
    std::uint64_t size = 0;
    std::uint64_t alignment = 1;
    std::size_t levels = 0;  ///< of structs inside
    std::size_t fields = 0;  ///< including the fields of the structs inside
    std::size_t path = 0;    ///< length of the longest path
  };

  bool refuse(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
    return false;
  }

  bool check_type_names() {
    std::unordered_set<std::string_view> names;
    const auto check = [&](const flatbuffers::String* name) {
      // G2
      if (!detail::is_type_name(detail::text_of(name))) {
        return refuse("the name of a type is too long, or not made of identifiers");
      }
      if (names.insert(detail::text_of(name)).second) return true;
      return refuse(fmt::format("two types are called '{}'", detail::text_of(name)));
    };
    return std::all_of(schema_.objects()->begin(), schema_.objects()->end(),
                       [&](const auto* object) { return check(object->name()); }) &&
           std::all_of(schema_.enums()->begin(), schema_.enums()->end(),
                       [&](const auto* enumeration) { return check(enumeration->name()); });
  }

  const reflection::Object* find_root() {
    const reflection::Object* root = nullptr;
    for (const reflection::Object* object : *schema_.objects()) {
      if (detail::attribute_of(*object, "segment") != segment_) continue;
      // G3
      if (root != nullptr) {
        refuse(fmt::format("it declares segment '{}' twice", segment_));
        return nullptr;
      }
      root = object;
    }
    if (root == nullptr) refuse(fmt::format("it declares no segment '{}'", segment_));  // G4
    return root;
  }

  /// `open` is the number of structs being checked, each the type of a field of the previous one.
  const Extent* check_struct(const reflection::Object& object, std::size_t open) {
    if (const auto known = extents_.find(&object); known != extents_.end()) return &known->second;
    const std::string name(detail::text_of(object.name()));
    Extent extent;
    // G5
    if (!check_head(object, name, open) || !check_fields(object, name, open, extent))
      return nullptr;
    const std::uint64_t end = align_up(extent.size, extent.alignment);
    // G6
    if (end != static_cast<std::uint64_t>(object.bytesize())) {
      refuse(fmt::format("struct '{}' does not have the size that its fields give it", name));
      return nullptr;
    }
    extent.size = end;
    return &extents_.emplace(&object, extent).first->second;
  }

  bool check_head(const reflection::Object& object, const std::string& name, std::size_t open) {
    if (open > kDeepestNesting) return refuse("structs are nested too deeply");  // G7
    // G8
    if (!object.is_struct()) return refuse(fmt::format("'{}' is a table, not a struct", name));
    if (object.bytesize() <= 0) return refuse(fmt::format("struct '{}' has no size", name));  // G9
    const std::string_view forced = detail::attribute_of(object, "force_align");
    const bool sound = object.minalign() > 0 &&
                       std::has_single_bit(static_cast<std::uint64_t>(object.minalign())) &&
                       static_cast<std::uint64_t>(object.minalign()) <= kStrictestAlignment;
    // G10
    if (!sound || (!forced.empty() && forced != std::to_string(object.minalign()))) {
      return refuse(fmt::format("struct '{}' has an impossible alignment", name));
    }
    return check_attributes(object, name) && take_comment(object);  // G11
  }

  bool check_fields(const reflection::Object& object, const std::string& name, std::size_t open,
                    Extent& extent) {
    extent.alignment = static_cast<std::uint64_t>(object.minalign());
    if (object.fields()->size() > kMostFields) return refuse("too many fields");  // G12
    std::unordered_set<std::string_view> names;
    std::size_t place = 0;
    for (const reflection::Field* field : CheckedSchema::fields_of(object)) {
      // G13
      if (!detail::is_identifier(detail::text_of(field->name()))) {
        return refuse(fmt::format(
            "the name of a field of struct '{}' is too long, or not an identifier", name));
      }
      const std::string path = fmt::format("{}.{}", name, detail::text_of(field->name()));
      // G14
      if (!names.insert(detail::text_of(field->name())).second) {
        return refuse(fmt::format("two fields are called '{}'", path));
      }
      // G15
      if (field->id() != place++) {
        return refuse(fmt::format("field '{}' is numbered out of order", path));
      }
      if (!check_field(*field, path, open, extent)) return false;  // G16
      // G17. Reflection keeps only the low 16 bits of an offset.
      if (static_cast<std::uint16_t>(offset_) != field->offset() ||
          extent.size > static_cast<std::uint64_t>(object.bytesize())) {
        return refuse(
            fmt::format("field '{}' does not lie where the types of its struct put it", path));
      }
    }
    return true;
  }

  /// Appends the field to `extent` and stores its offset in `offset_`.
  bool check_field(const reflection::Field& field, const std::string& path, std::size_t open,
                   Extent& extent) {
    const reflection::Type& type = *field.type();
    // G18
    if (!take_text(detail::text_of(field.name())) || !check_attributes(field, path) ||
        !take_comment(field)) {
      return false;
    }
    const bool known = detail::has_known_base_types(type);
    // G19
    if (known && type.base_type() == reflection::Array && type.fixed_length() == 0) {
      return refuse(fmt::format("array '{}' has no elements", path));
    }
    const reflection::BaseType element = known ? detail::element_of(type) : reflection::None;
    const detail::ScalarType* const scalar = detail::find_scalar(element);
    Extent own;
    if (scalar != nullptr) own.size = own.alignment = scalar->size;
    if (element == reflection::Obj) {
      const bool inside = is_inside(type.index(), *schema_.objects());
      // G20
      if (!inside) return refuse(fmt::format("field '{}' has an unknown struct type", path));
      const Extent* inner = check_struct(
          *schema_.objects()->Get(static_cast<flatbuffers::uoffset_t>(type.index())), open + 1);
      if (inner == nullptr) return false;
      own = *inner;
      own.path += std::string_view("[].").size();
      ++own.levels;
      // G21
    } else if (scalar == nullptr) {
      return refuse(
          fmt::format("field '{}' is neither a number, a bool, an enum nor a struct", path));
      // G22
    } else if (type.index() != -1 && !check_enum_at(type.index(), element, path)) {
      return false;
    }
    // G23
    if (own.alignment > extent.alignment) {
      return refuse(
          fmt::format("field '{}' does not lie where the types of its struct put it: it "
                      "needs a stricter alignment",
                      path));
    }
    return add(field, own, extent);
  }

  bool add(const reflection::Field& field, const Extent& own, Extent& extent) {
    offset_ = align_up(extent.size, own.alignment);
    const bool is_array = field.type()->base_type() == reflection::Array;
    extent.size = offset_ + own.size * (is_array ? field.type()->fixed_length() : 1U);
    extent.fields += 1 + own.fields;
    extent.levels = std::max(extent.levels, own.levels);
    extent.path = std::max(extent.path, field.name()->size() + own.path);
    if (extent.fields > kMostFields) return refuse("too many fields");                        // G24
    if (extent.levels > kDeepestNesting) return refuse("structs are nested too deeply");      // G25
    if (extent.path > kLongestPath) return refuse("the path of a nested field is too long");  // G26
    return true;
  }

  bool check_enum_at(std::int32_t index, reflection::BaseType element, const std::string& path) {
    // G27
    if (!is_inside(index, *schema_.enums())) {
      return refuse(fmt::format("field '{}' has an unknown enum type", path));
    }
    const auto& enumeration = *schema_.enums()->Get(static_cast<flatbuffers::uoffset_t>(index));
    const std::string name(detail::text_of(enumeration.name()));
    const reflection::Type& type = *enumeration.underlying_type();
    // G28
    if (enumeration.is_union() || !detail::has_known_base_types(type) ||
        type.base_type() != element || !detail::is_integer(element)) {
      return refuse(fmt::format("enum '{}' has a different type from field '{}'", name, path));
    }
    return !enums_.insert(&enumeration).second || check_enum(enumeration, name);  // G29
  }

  bool check_enum(const reflection::Enum& enumeration, const std::string& name) {
    if (!check_attributes(enumeration, name) || !take_comment(enumeration)) return false;  // G30
    enumerators_ += enumeration.values()->size();
    if (enumerators_ > kMostEnumerators) return refuse("too many enum values");  // G31
    // G32
    if (detail::has_attribute(enumeration, "bit_flags") &&
        enumeration.values()->size() > kMostFlags) {
      return refuse(fmt::format("enum '{}' has more flags than there are bits", name));
    }
    std::unordered_set<std::string_view> names;
    std::unordered_set<std::int64_t> numbers;
    for (const reflection::EnumVal* value : *enumeration.values()) {
      // G33
      if (!detail::is_identifier(detail::text_of(value->name()))) {
        return refuse(fmt::format(
            "the name of a value of enum '{}' is too long, or not an identifier", name));
      }
      const std::string path = fmt::format("{}.{}", name, detail::text_of(value->name()));
      // G34
      if (!names.insert(detail::text_of(value->name())).second) {
        return refuse(fmt::format("two enum values are called '{}'", path));
      }
      // G35
      if (!numbers.insert(value->value()).second) {
        return refuse(fmt::format("enum value '{}' is a second name for its number", path));
      }
      // G36
      if (!detail::can_hold(enumeration.underlying_type()->base_type(), value->value())) {
        return refuse(fmt::format("enum value '{}' does not fit the type of its enum", path));
      }
      if (!take_text(detail::text_of(value->name())) || !take_comment(*value)) return false;  // G37
    }
    return true;
  }

  template <class T>
  bool check_attributes(const T& holder, const std::string& name) {
    if (holder.attributes() == nullptr) return true;
    // G38
    if (holder.attributes()->size() > kMostAttributes) {
      return refuse(fmt::format("'{}' has too many attributes", name));
    }
    std::unordered_set<std::string_view> keys;
    for (const reflection::KeyValue* entry : *holder.attributes()) {
      const std::string_view key = detail::text_of(entry->key());
      const std::string_view value = detail::text_of(entry->value());
      // G39
      if (!detail::is_identifier(key)) {
        return refuse(fmt::format(
            "the name of an attribute of '{}' is too long, or not an identifier", name));
      }
      // G40
      if (!keys.insert(key).second) {
        return refuse(fmt::format("'{}' has attribute '{}' twice", name, key));
      }
      // G41
      if (const auto fault = detail::fault_of_attribute(key, value)) {
        return refuse(fmt::format("attribute '{}' of '{}' {}", key, name, *fault));
      }
      if (!take_text(key) || !take_text(value)) return false;  // G42
    }
    return true;
  }

  template <class T>
  bool take_comment(const T& commented) {
    const auto* lines = commented.documentation();
    return lines == nullptr || std::all_of(lines->begin(), lines->end(), [&](const auto* line) {
             return take_text(detail::text_of(line));
           });
  }

  /// A schema that stores each of its texts once cannot have more text than it has bytes.
  bool take_text(std::string_view text) {
    text_ += text.size();
    return text_ <= kMostText || refuse("too much text");  // G43
  }

  template <class Types>
  static bool is_inside(std::int32_t index, const Types& types) {
    return index >= 0 && static_cast<flatbuffers::uoffset_t>(index) < types.size();  // G44
  }

  const reflection::Schema& schema_;
  const std::string_view segment_;
  std::string fault_;
  std::unordered_map<const reflection::Object*, Extent> extents_;
  std::unordered_set<const reflection::Enum*> enums_;
  std::size_t enumerators_ = 0;
  std::size_t text_ = 0;
  std::uint64_t offset_ = 0;
};

tl::unexpected<Error> unusable(std::string_view segment, std::string_view what) {
  return make_error(ErrorCode::InvalidSchema,
                    "the schema of segment '{}' cannot be used: {}; rebuild its writer from a "
                    "schema that the generator accepts, and restart it",
                    segment, what);
}

}  // namespace

Result<CheckedSchema> CheckedSchema::of(std::span<const std::uint8_t> bfbs,
                                        std::string_view segment) {
  if (auto valid = validate_segment_name(segment); !valid) {
    return tl::unexpected(valid.error());
  }
  // G45
  if (bfbs.size() > kMaximumSchemaSize) {
    return unusable(segment, fmt::format("it has more than {} bytes", kMaximumSchemaSize));
  }
  // A copy is aligned, and no process can change it between the check and the use.
  CheckedSchema checked{{bfbs.begin(), bfbs.end()}};
  switch (detail::shape_of_schema(checked.bfbs_)) {
    case detail::SchemaShape::Sound:
      break;
    case detail::SchemaShape::TooManyEntries:
      return unusable(segment, fmt::format("it refers to more than {} fields, values, attributes "
                                           "and lines of comments",
                                           detail::kMostSchemaEntries));
    case detail::SchemaShape::Damaged:
      return unusable(segment, "it is not a binary FlatBuffers schema");
  }
  checked.schema_ = reflection::GetSchema(checked.bfbs_.data());
  Gate gate(*checked.schema_, segment);
  checked.root_ = gate.open();
  if (checked.root_ == nullptr) return unusable(segment, gate.fault());  // G46
  return checked;
}

std::vector<const reflection::Field*> CheckedSchema::fields_of(const reflection::Object& object) {
  std::vector<const reflection::Field*> fields(object.fields()->begin(), object.fields()->end());
  // Reflection sorts by name; ids follow the order of the schema.
  std::stable_sort(fields.begin(), fields.end(),
                   [](const auto* a, const auto* b) { return a->id() < b->id(); });
  return fields;
}

const reflection::Object* CheckedSchema::struct_of(const reflection::Field& field) const {
  const reflection::Type& type = *field.type();
  if (detail::element_of(type) != reflection::Obj) return nullptr;
  return schema_->objects()->Get(static_cast<flatbuffers::uoffset_t>(type.index()));
}

const reflection::Enum* CheckedSchema::enum_of(const reflection::Field& field) const {
  const reflection::Type& type = *field.type();
  if (type.index() < 0 || struct_of(field) != nullptr) return nullptr;
  return schema_->enums()->Get(static_cast<flatbuffers::uoffset_t>(type.index()));
}

}  // namespace evo
