// SPDX-License-Identifier: Apache-2.0
#include "decode/idl.hpp"

#include <flatbuffers/reflection_generated.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <vector>

#include "evo/checked_schema.hpp"
#include "evo/format.hpp"
#include "evo/text.hpp"

namespace evo::tools {

namespace {

std::string_view view(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->c_str(), text->size());
}

/// As a string literal of the IDL.
std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string_view namespace_of(std::string_view full_name) {
  const std::size_t dot = full_name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : full_name.substr(0, dot);
}

std::string_view short_name(std::string_view full_name) {
  return full_name.substr(full_name.rfind('.') + 1);
}

std::string_view name_of(reflection::BaseType type) {
  constexpr std::array<std::pair<reflection::BaseType, std::string_view>, 11> kNames = {
      {{reflection::Bool, "bool"},
       {reflection::Byte, "byte"},
       {reflection::UByte, "ubyte"},
       {reflection::Short, "short"},
       {reflection::UShort, "ushort"},
       {reflection::Int, "int"},
       {reflection::UInt, "uint"},
       {reflection::Long, "long"},
       {reflection::ULong, "ulong"},
       {reflection::Float, "float"},
       {reflection::Double, "double"}}};
  const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                   [&](const auto& entry) { return entry.first == type; });
  return found == kNames.end() ? std::string_view("byte") : found->second;
}

template <class T>
bool has_attribute(const T& holder, std::string_view name) {
  if (holder.attributes() == nullptr) return false;
  return std::any_of(holder.attributes()->begin(), holder.attributes()->end(),
                     [&](const auto* entry) { return view(entry->key()) == name; });
}

/// The IDL states a flag by its bit number.
bool are_bits(const reflection::Enum& enumeration) {
  return std::all_of(enumeration.values()->begin(), enumeration.values()->end(),
                     [](const reflection::EnumVal* value) {
                       return std::has_single_bit(static_cast<std::uint64_t>(value->value()));
                     });
}

/// Writes the types that a struct needs before the struct itself.
class Writer {
 public:
  explicit Writer(const CheckedSchema& schema) : schema_(schema) {}

  void add(const reflection::Object& object) {
    if (!done_.insert(&object).second) return;
    const auto fields = CheckedSchema::fields_of(object);
    for (const reflection::Field* field : fields) {
      if (const auto* nested = schema_.struct_of(*field)) add(*nested);
      if (const auto* enumeration = schema_.enum_of(*field)) add(*enumeration);
    }
    enter(namespace_of(view(object.name())));
    add_comment(object, "");
    body_ += fmt::format("struct {}{} {{\n", short_name(view(object.name())), attributes(object));
    for (const reflection::Field* field : fields) {
      add_comment(*field, "  ");
      body_ +=
          fmt::format("  {}:{}{};\n", view(field->name()), type_name(*field), attributes(*field));
    }
    body_ += "}\n\n";
  }

  /// An enum of flags that the IDL cannot express; empty if there is none.
  [[nodiscard]] const std::string& unspeakable() const { return unspeakable_; }

  [[nodiscard]] std::string text() const {
    std::string out;
    for (const std::string& name : attributes_)
      out += fmt::format("attribute {};\n", literal(name));
    if (!attributes_.empty()) out += '\n';
    out += body_;
    out.pop_back();  // one of the last two newlines
    return out;
  }

 private:
  void add(const reflection::Enum& enumeration) {
    if (!done_.insert(&enumeration).second) return;
    enter(namespace_of(view(enumeration.name())));
    add_comment(enumeration, "");
    body_ +=
        fmt::format("enum {}:{}{} {{\n", short_name(view(enumeration.name())),
                    name_of(enumeration.underlying_type()->base_type()), attributes(enumeration));
    const bool flags = has_attribute(enumeration, "bit_flags");
    if (flags && !are_bits(enumeration)) unspeakable_ = view(enumeration.name());
    for (const reflection::EnumVal* value : *enumeration.values()) {
      add_comment(*value, "  ");
      const std::int64_t number =
          flags ? std::countr_zero(static_cast<std::uint64_t>(value->value())) : value->value();
      const bool unsigned_long = enumeration.underlying_type()->base_type() == reflection::ULong;
      body_ += fmt::format("  {} = {},\n", view(value->name()),
                           unsigned_long ? fmt::format("{}", static_cast<std::uint64_t>(number))
                                         : fmt::format("{}", number));
    }
    body_ += "}\n\n";
  }

  [[nodiscard]] std::string type_name(const reflection::Field& field) const {
    const reflection::Type& type = *field.type();
    const bool is_array = type.base_type() == reflection::Array;
    std::string name(name_of(is_array ? type.element() : type.base_type()));
    if (const auto* nested = schema_.struct_of(field)) name = view(nested->name());
    if (const auto* enumeration = schema_.enum_of(field)) name = view(enumeration->name());
    return is_array ? fmt::format("[{}:{}]", name, type.fixed_length()) : name;
  }

  template <class T>
  std::string attributes(const T& holder) {
    if (holder.attributes() == nullptr || holder.attributes()->size() == 0) return "";
    std::string text;
    for (const reflection::KeyValue* entry : *holder.attributes()) {
      const std::string name(view(entry->key()));
      if (name == "id" || name == "original_order") continue;  // flatc's own
      if (!text.empty()) text += ", ";
      text += name;
      if (name == "bit_flags" || name == "deprecated") continue;
      if (name == "force_align") {
        text += fmt::format(": {}", view(entry->value()));
        continue;
      }
      attributes_.insert(name);
      text += ": " + literal(view(entry->value()));
    }
    return text.empty() ? "" : fmt::format(" ({})", text);
  }

  template <class T>
  void add_comment(const T& holder, std::string_view indent) {
    if (holder.documentation() == nullptr) return;
    for (const flatbuffers::String* line : *holder.documentation()) {
      body_ += fmt::format("{}///{}\n", indent, printable(view(line)));
    }
  }

  void enter(std::string_view name) {
    if (entered_ && name == namespace_) return;
    body_ += fmt::format("namespace {};\n\n", name);
    namespace_ = name;
    entered_ = true;
  }

  const CheckedSchema& schema_;
  std::set<const void*> done_;
  std::set<std::string> attributes_;
  std::string body_;
  std::string namespace_;
  std::string unspeakable_;
  bool entered_ = false;
};

}  // namespace

Result<std::string> write_idl(std::span<const std::uint8_t> bfbs, std::string_view segment) {
  const auto schema = CheckedSchema::of(bfbs, segment);
  if (!schema) return tl::unexpected(schema.error());
  Writer writer(*schema);
  writer.add(schema->root());
  if (!writer.unspeakable().empty()) {
    return make_error(ErrorCode::InvalidSchema,
                      "the schema of segment '{}' cannot be written as a schema file: a flag of "
                      "'{}' is not a single bit, as schema files require",
                      segment, writer.unspeakable());
  }
  return writer.text();
}

}  // namespace evo::tools
