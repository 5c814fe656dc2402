// SPDX-License-Identifier: Apache-2.0
#include "stub/schema_id.hpp"

#include <flatbuffers/reflection_generated.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "decode/scalar.hpp"
#include "stub/blake2b.hpp"

namespace evo::tools {

namespace {

constexpr std::string_view kStruct = "struct ";

/// In the order of Scalar.
constexpr std::array<std::string_view, 11> kCanonicalNames = {
    "bool", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64"};

std::string enum_text(const reflection::Enum& declared, Scalar scalar) {
  const bool is_signed = scalar == Scalar::Int8 || scalar == Scalar::Int16 ||
                         scalar == Scalar::Int32 || scalar == Scalar::Int64;
  std::vector<const reflection::EnumVal*> values(declared.values()->begin(),
                                                 declared.values()->end());
  std::ranges::stable_sort(values, [&](const auto* a, const auto* b) {
    if (is_signed) return a->value() < b->value();
    return static_cast<std::uint64_t>(a->value()) < static_cast<std::uint64_t>(b->value());
  });
  std::vector<std::string> texts;
  for (const reflection::EnumVal* value : values) {
    const std::string_view name = value->name()->string_view();
    texts.push_back(is_signed
                        ? fmt::format("{}={}", name, value->value())
                        : fmt::format("{}={}", name, static_cast<std::uint64_t>(value->value())));
  }
  return fmt::format("{{{}}}", fmt::join(texts, ","));
}

/// `read_schema` has resolved every type that a field names.
std::string type_text(const std::string& type, const reflection::Schema& schema) {
  if (type.starts_with(kStruct)) {
    const auto* declared = schema.objects()->LookupByKey(type.c_str() + kStruct.size());
    return fmt::format("struct<{},{}>", declared->bytesize(), declared->minalign());
  }
  const Scalar scalar = scalar_of(type).value();
  std::string text(kCanonicalNames.at(static_cast<std::size_t>(scalar)));
  if (const std::string name(enum_of(type)); !name.empty()) {
    text += enum_text(*schema.enums()->LookupByKey(name.c_str()), scalar);
  }
  return text;
}

}  // namespace

std::string canonical_text(const SchemaLayout& layout, const std::vector<std::uint8_t>& bfbs) {
  const reflection::Schema& schema = *reflection::GetSchema(bfbs.data());
  std::string text = "evo layout 1\n";
  for (const LayoutField& field : layout.fields) {
    text += fmt::format("{} {} {}", field.offset, field.path, type_text(field.type, schema));
    if (field.length != 0) text += fmt::format("[{}]", field.length);
    if (!field.unit.empty()) text += " unit=" + nlohmann::json(field.unit).dump();
    text += '\n';
  }
  return text + fmt::format("size={} alignment={}\n", layout.size, layout.alignment);
}

SchemaId schema_id_of(const SchemaLayout& layout, const std::vector<std::uint8_t>& bfbs) {
  return {.bytes = blake2b_256(canonical_text(layout, bfbs))};
}

}  // namespace evo::tools
