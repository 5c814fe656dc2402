// SPDX-License-Identifier: Apache-2.0
#include "evo/schema_layout.hpp"

#include <flatbuffers/reflection_generated.h>
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "evo/checked_schema.hpp"
#include "evo/format/slot.hpp"
#include "evo/text.hpp"
#include "schema/schema_text.hpp"
#include "schema/schema_types.hpp"

namespace evo {

namespace {

/// Longer comments are truncated.
constexpr std::size_t kLongestComment = 1024;

/// The lines of a comment, joined.
template <class T>
std::string documentation_of(const T& commented) {
  std::string text;
  if (commented.documentation() == nullptr) return text;
  for (const flatbuffers::String* line : *commented.documentation()) {
    std::string_view words = detail::text_of(line);
    words.remove_prefix(std::min(words.find_first_not_of(' '), words.size()));
    if (!text.empty()) text += ' ';
    text += words.substr(0, kLongestComment);
    if (text.size() > kLongestComment) break;
  }
  text.resize(std::min(text.size(), kLongestComment));
  return printable(text);
}

/// Collects the fields of a segment, including those of nested structs, and the enums that they
/// use.
class Unfolding {
 public:
  explicit Unfolding(const CheckedSchema& schema) : schema_(schema) {}

  SchemaLayout layout() {
    const reflection::Object& root = schema_.root();
    layout_.struct_name = detail::text_of(root.name());
    layout_.documentation = documentation_of(root);
    layout_.size = static_cast<std::uint64_t>(root.bytesize());
    layout_.alignment = static_cast<std::uint64_t>(root.minalign());
    if (root.attributes() != nullptr) {
      for (const reflection::KeyValue* entry : *root.attributes()) {
        layout_.attributes.push_back({std::string(detail::text_of(entry->key())),
                                      std::string(detail::text_of(entry->value()))});
      }
    }
    add_fields(root, "", 0);
    return std::move(layout_);
  }

 private:
  /// A field without its offset.
  struct Shape {
    LayoutField entry;
    std::uint64_t alignment = 1;
    const reflection::Object* nested = nullptr;  ///< its type, or its elements' type, if a struct
  };

  void add_fields(const reflection::Object& object, const std::string& prefix, std::uint64_t base) {
    std::uint64_t end = 0;  // of the fields so far, relative to this struct
    for (const reflection::Field* field : CheckedSchema::fields_of(object)) {
      const Shape& shape = shape_of(*field);
      const std::uint64_t offset = align_up(end, shape.alignment);
      end = offset + shape.entry.size;
      LayoutField& entry = layout_.fields.emplace_back(shape.entry);
      entry.path.insert(0, prefix);
      entry.offset = base + offset;
      if (shape.nested == nullptr) continue;
      const std::string inner = entry.path + (entry.length != 0 ? "[]." : ".");
      add_fields(*shape.nested, inner, base + offset);
    }
  }

  /// Each shape is built once, however often its struct is used.
  const Shape& shape_of(const reflection::Field& field) {
    const auto [known, is_new] = shapes_.try_emplace(&field);
    if (is_new) known->second = make_shape(field);
    return known->second;
  }

  Shape make_shape(const reflection::Field& field) {
    const reflection::Type& type = *field.type();
    const bool is_array = type.base_type() == reflection::Array;
    Shape shape;
    shape.entry.path = detail::text_of(field.name());
    shape.entry.length = is_array ? type.fixed_length() : 0;
    shape.entry.unit = detail::attribute_of(field, "unit");
    shape.entry.minimum = detail::attribute_of(field, "min");
    shape.entry.maximum = detail::attribute_of(field, "max");
    shape.entry.documentation = documentation_of(field);
    shape.nested = schema_.struct_of(field);
    if (shape.nested != nullptr) {
      shape.entry.size = static_cast<std::uint64_t>(shape.nested->bytesize());
      shape.alignment = static_cast<std::uint64_t>(shape.nested->minalign());
      shape.entry.type = fmt::format("struct {}", detail::text_of(shape.nested->name()));
    } else {
      const detail::ScalarType& scalar = *detail::find_scalar(detail::element_of(type));
      shape.entry.size = shape.alignment = scalar.size;
      shape.entry.type = scalar.name;
      if (const reflection::Enum* enumeration = schema_.enum_of(field)) {
        add_enum(*enumeration);
        shape.entry.type =
            fmt::format("enum {}: {}", detail::text_of(enumeration->name()), scalar.name);
      }
    }
    shape.entry.size *= std::max<std::uint64_t>(1, shape.entry.length);
    return shape;
  }

  void add_enum(const reflection::Enum& enumeration) {
    if (!seen_enums_.insert(&enumeration).second) return;
    const bool flags = detail::has_attribute(enumeration, "bit_flags");
    for (const reflection::EnumVal* value : *enumeration.values()) {
      layout_.enum_values.push_back({fmt::format("{}.{}", detail::text_of(enumeration.name()),
                                                 detail::text_of(value->name())),
                                     value->value(), flags});
    }
  }

  const CheckedSchema& schema_;
  SchemaLayout layout_;
  std::unordered_map<const reflection::Field*, Shape> shapes_;
  std::unordered_set<const reflection::Enum*> seen_enums_;
};

}  // namespace

std::string_view SchemaLayout::attribute(std::string_view name) const {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const SegmentAttribute& a) { return a.name == name; });
  return found == attributes.end() ? std::string_view() : found->value;
}

Result<SchemaLayout> read_schema(std::span<const std::uint8_t> bfbs, std::string_view segment) {
  return CheckedSchema::of(bfbs, segment).map([](const CheckedSchema& schema) {
    return Unfolding(schema).layout();
  });
}

}  // namespace evo
