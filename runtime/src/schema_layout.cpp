#include "evo/schema_layout.hpp"

#include <flatbuffers/reflection_generated.h>

#include <algorithm>
#include <set>

#include "evo/segment_header.hpp"

namespace evo {

namespace {

/// Deeper nesting than anybody writes by hand; a schema that contains itself ends here.
constexpr int kDeepestNesting = 16;
/// More fields than a schema of ours has; a small hostile file can name a great many.
constexpr std::size_t kMostFields = 4096;
/// Longer than any name or unit; a small hostile file can use one long text over and over.
constexpr std::size_t kLongestText = 256;
/// Longer comments are cut.
constexpr std::size_t kLongestComment = 1024;
/// More attributes than there are.
constexpr std::size_t kMostAttributes = 64;

tl::unexpected<Error> invalid(std::string_view what) {
  return detail::fail(ErrorCode::InvalidSchema,
                      "the schema embedded in the segment cannot be used: {}; restart its writer, "
                      "built from a schema that the generator accepts",
                      what);
}

std::string_view view(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->c_str(), text->size());
}

bool is_too_long(const flatbuffers::String* text) {
  return view(text).size() > kLongestText;
}

/// For messages: a hostile schema must not send escape sequences to a terminal.
std::string printable(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, '?');
  return out;
}

/// The lines of a comment, joined.
template <class T>
std::string documentation_of(const T& commented) {
  std::string text;
  if (commented.documentation() == nullptr) return text;
  for (const flatbuffers::String* line : *commented.documentation()) {
    std::string_view words = view(line);
    words.remove_prefix(std::min(words.find_first_not_of(' '), words.size()));
    if (!text.empty()) text += ' ';
    text += words;
    if (text.size() > kLongestComment) break;
  }
  text.resize(std::min(text.size(), kLongestComment));
  return printable(text);
}

template <class T>
std::string_view attribute(const T& holder, std::string_view key) {
  if (holder.attributes() == nullptr) return {};
  for (const reflection::KeyValue* entry : *holder.attributes()) {
    if (view(entry->key()) == key) return view(entry->value());
  }
  return {};
}

template <class T>
bool has_attribute(const T& holder, std::string_view key) {
  return holder.attributes() != nullptr &&
         std::any_of(holder.attributes()->begin(), holder.attributes()->end(),
                     [&](const reflection::KeyValue* entry) { return view(entry->key()) == key; });
}

struct Scalar {
  reflection::BaseType type;
  std::string_view name;
  std::uint64_t size;
};

constexpr Scalar kScalars[] = {{reflection::Bool, "bool", 1},     {reflection::Byte, "int8", 1},
                               {reflection::UByte, "uint8", 1},   {reflection::Short, "int16", 2},
                               {reflection::UShort, "uint16", 2}, {reflection::Int, "int32", 4},
                               {reflection::UInt, "uint32", 4},   {reflection::Long, "int64", 8},
                               {reflection::ULong, "uint64", 8},  {reflection::Float, "float32", 4},
                               {reflection::Double, "float64", 8}};

const Scalar* find_scalar(reflection::BaseType type) {
  const auto* found = std::find_if(std::begin(kScalars), std::end(kScalars),
                                   [&](const Scalar& s) { return s.type == type; });
  return found == std::end(kScalars) ? nullptr : found;
}

/// A field of `type` that says what sort of type it is. The generated accessors would make
/// an enum of any number that stands there, which is undefined for most of them.
reflection::BaseType base_type_at(const reflection::Type& type, flatbuffers::voffset_t field) {
  const auto number =
      reinterpret_cast<const flatbuffers::Table&>(type).GetField<std::int8_t>(field, 0);
  const bool known = number >= reflection::None && number < reflection::MaxBaseType;
  return known ? static_cast<reflection::BaseType>(number) : reflection::None;
}

/// Walks the objects of one schema and collects the fields of the root.
class Walker {
 public:
  explicit Walker(const reflection::Schema& schema) : schema_(schema) {}

  Result<SchemaLayout> walk(const reflection::Object& root) {
    if (!has_size(root)) return invalid("a struct without size");
    layout_.size = static_cast<std::uint64_t>(root.bytesize());
    layout_.alignment = static_cast<std::uint64_t>(root.minalign());
    if (auto done = add_fields(root, "", 0, 0); !done) return tl::unexpected(done.error());
    return std::move(layout_);
  }

 private:
  Result<void> add_fields(const reflection::Object& object, const std::string& prefix,
                          std::uint64_t base, int depth) {
    if (depth > kDeepestNesting) return invalid("structs are nested too deeply");
    if (!object.is_struct()) return invalid("a table where a struct belongs");
    std::vector<const reflection::Field*> fields(object.fields()->begin(), object.fields()->end());
    // Reflection sorts by name; ids count in the order of the schema.
    std::stable_sort(fields.begin(), fields.end(),
                     [](const auto* a, const auto* b) { return a->id() < b->id(); });
    std::uint64_t end = 0;  // of the fields so far, from the start of this struct
    for (const reflection::Field* field : fields) {
      auto shape = shape_of(*field);
      if (!shape) return tl::unexpected(shape.error());
      const std::uint64_t offset = align_up(end, shape->alignment);
      end = offset + shape->entry.size;
      // Reflection keeps the low 16 bits of an offset only.
      if (static_cast<std::uint16_t>(offset) != field->offset() ||
          end > static_cast<std::uint64_t>(object.bytesize())) {
        return invalid(fmt::format("field '{}' does not lie where the types of its struct put it",
                                   prefix + shape->entry.path));
      }
      if (layout_.fields.size() >= kMostFields) return invalid("too many fields");
      shape->entry.path.insert(0, prefix);
      shape->entry.offset = base + offset;
      layout_.fields.push_back(shape->entry);
      if (shape->nested == nullptr) continue;
      const std::string inner = shape->entry.path + (shape->entry.length != 0 ? "[]." : ".");
      if (auto done = add_fields(*shape->nested, inner, base + offset, depth + 1); !done) {
        return done;
      }
    }
    return {};
  }

  /// A field by itself: everything but where it lies.
  struct Shape {
    LayoutField entry;
    std::uint64_t alignment = 1;
    const reflection::Object* nested = nullptr;  ///< its type, or its elements', if a struct
  };

  Result<Shape> shape_of(const reflection::Field& field) {
    const reflection::Type& type = *field.type();
    const reflection::BaseType base_type = base_type_at(type, reflection::Type::VT_BASE_TYPE);
    const bool is_array = base_type == reflection::Array;
    const reflection::BaseType element =
        is_array ? base_type_at(type, reflection::Type::VT_ELEMENT) : base_type;
    if (is_too_long(field.name()) || attribute(field, "unit").size() > kLongestText ||
        attribute(field, "min").size() > kLongestText ||
        attribute(field, "max").size() > kLongestText) {
      return invalid("a name, a unit or a limit is too long");
    }
    Shape shape;
    shape.entry.path = printable(view(field.name()));
    shape.entry.length = is_array ? type.fixed_length() : 0;
    shape.entry.unit = printable(attribute(field, "unit"));
    shape.entry.minimum = printable(attribute(field, "min"));
    shape.entry.maximum = printable(attribute(field, "max"));
    shape.entry.documentation = documentation_of(field);
    if (element == reflection::Obj) {
      shape.nested = object_at(type.index());
      if (shape.nested == nullptr || !has_size(*shape.nested)) {
        return invalid("an unknown struct type");
      }
      if (is_too_long(shape.nested->name())) return invalid("the name of a struct is too long");
      shape.entry.size = static_cast<std::uint64_t>(shape.nested->bytesize());
      shape.alignment = static_cast<std::uint64_t>(shape.nested->minalign());
      shape.entry.type = "struct " + printable(view(shape.nested->name()));
    } else if (const Scalar* scalar = find_scalar(element)) {
      shape.entry.size = shape.alignment = scalar->size;
      shape.entry.type = scalar->name;
      if (type.index() >= 0) {
        const reflection::Enum* enumeration = enum_at(type.index());
        if (enumeration == nullptr) return invalid("an unknown enum type");
        if (auto done = add_enum(*enumeration); !done) return tl::unexpected(done.error());
        shape.entry.type =
            fmt::format("enum {}: {}", printable(view(enumeration->name())), scalar->name);
      }
    } else {
      return invalid(
          fmt::format("field '{}' is neither number, bool, enum nor struct", shape.entry.path));
    }
    shape.entry.size *= std::max<std::uint64_t>(1, shape.entry.length);
    return shape;
  }

  static bool has_size(const reflection::Object& object) {
    return object.bytesize() > 0 && object.minalign() > 0 && object.minalign() <= 256;
  }

  Result<void> add_enum(const reflection::Enum& enumeration) {
    if (!seen_enums_.insert(&enumeration).second) return {};
    if (is_too_long(enumeration.name())) return invalid("the name of an enum is too long");
    const bool flags = has_attribute(enumeration, "bit_flags");
    for (const reflection::EnumVal* value : *enumeration.values()) {
      if (layout_.enum_values.size() >= kMostFields) return invalid("too many enum values");
      if (is_too_long(value->name())) return invalid("the name of an enum value is too long");
      layout_.enum_values.push_back(
          {printable(fmt::format("{}.{}", view(enumeration.name()), view(value->name()))),
           value->value(), flags});
    }
    return {};
  }

  [[nodiscard]] const reflection::Object* object_at(std::int32_t index) const {
    const bool inside =
        index >= 0 && static_cast<flatbuffers::uoffset_t>(index) < schema_.objects()->size();
    return inside ? schema_.objects()->Get(static_cast<flatbuffers::uoffset_t>(index)) : nullptr;
  }

  [[nodiscard]] const reflection::Enum* enum_at(std::int32_t index) const {
    const bool inside =
        index >= 0 && static_cast<flatbuffers::uoffset_t>(index) < schema_.enums()->size();
    return inside ? schema_.enums()->Get(static_cast<flatbuffers::uoffset_t>(index)) : nullptr;
  }

  const reflection::Schema& schema_;
  SchemaLayout layout_;
  std::set<const reflection::Enum*> seen_enums_;
};

void describe(const reflection::Object& object, SchemaLayout& layout) {
  const auto cut = [](std::string_view text) { return printable(text.substr(0, kLongestComment)); };
  layout.struct_name = cut(view(object.name()));
  layout.documentation = documentation_of(object);
  for (const reflection::KeyValue* entry : *object.attributes()) {
    if (layout.attributes.size() >= kMostAttributes) break;
    layout.attributes.push_back({cut(view(entry->key())), cut(view(entry->value()))});
  }
}

}  // namespace

std::string_view SchemaLayout::attribute(std::string_view name) const {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const SegmentAttribute& a) { return a.name == name; });
  return found == attributes.end() ? std::string_view() : found->value;
}

Result<SchemaLayout> read_schema(std::span<const std::uint8_t> shared, std::string_view segment) {
  // A copy is aligned, and nobody changes it between the check and the use.
  const std::vector<std::uint8_t> bfbs(shared.begin(), shared.end());
  flatbuffers::Verifier verifier(bfbs.data(), bfbs.size());
  if (bfbs.empty() || !reflection::VerifySchemaBuffer(verifier)) {
    return invalid("it is not a binary FlatBuffers schema");
  }
  const reflection::Schema& schema = *reflection::GetSchema(bfbs.data());
  for (const reflection::Object* object : *schema.objects()) {
    if (attribute(*object, "segment") != segment) continue;
    auto layout = Walker(schema).walk(*object);
    if (layout) describe(*object, *layout);
    return layout;
  }
  return invalid(fmt::format("it declares no segment '{}'", segment));
}

}  // namespace evo
