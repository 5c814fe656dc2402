// SPDX-License-Identifier: Apache-2.0
/// Binary schemas built by hand, so that each test states only what is unusual about its schema.
#pragma once

#include <flatbuffers/reflection_generated.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace evo::test {

using AttributeSpecs = std::vector<std::pair<std::string, std::string>>;

struct FieldSpec {
  std::string name;
  std::uint16_t offset = 0;
  reflection::BaseType type = reflection::ULong;  ///< of the value, or of each element
  std::uint16_t length = 0;                       ///< not zero: an array
  std::int32_t index = -1;                        ///< of the struct or enum
  std::string unit = {};
  std::int32_t id = -1;  ///< negative: from the order of the offsets
  AttributeSpecs attributes = {};
};

struct StructSpec {
  std::string name;
  std::int32_t size = 0;
  std::int32_t alignment = 8;
  std::vector<FieldSpec> fields = {};
  std::string segment = {};  ///< not empty: the struct is this segment
  bool is_struct = true;
  AttributeSpecs attributes = {};  ///< besides `segment`
};

struct EnumSpec {
  std::string name;
  reflection::BaseType underlying = reflection::UByte;
  std::vector<std::pair<std::string, std::int64_t>> values = {};
  AttributeSpecs attributes = {};
};

using Bfbs = std::vector<std::uint8_t>;

inline Bfbs build_schema(const std::vector<StructSpec>& structs,
                         const std::vector<EnumSpec>& enums = {}) {
  flatbuffers::FlatBufferBuilder builder;
  const auto attributes_with = [&](AttributeSpecs specs, const std::string& key,
                                   const std::string& value) {
    if (!value.empty()) specs.emplace_back(key, value);
    std::vector<flatbuffers::Offset<reflection::KeyValue>> attributes;
    for (const auto& [name, text] : specs) {
      const auto key_text = builder.CreateString(name);
      attributes.push_back(
          reflection::CreateKeyValue(builder, key_text, builder.CreateString(text)));
    }
    return builder.CreateVector(attributes);
  };

  std::vector<flatbuffers::Offset<reflection::Object>> objects;
  for (const StructSpec& spec : structs) {
    std::vector<flatbuffers::Offset<reflection::Field>> fields;
    for (const FieldSpec& field : spec.fields) {
      const auto type =
          field.length == 0
              ? reflection::CreateType(builder, field.type, reflection::None, field.index)
              : reflection::CreateType(builder, reflection::Array, field.type, field.index,
                                       field.length);
      const auto name = builder.CreateString(field.name);
      const auto before =
          std::count_if(spec.fields.begin(), spec.fields.end(),
                        [&](const FieldSpec& other) { return other.offset < field.offset; });
      const auto id = static_cast<std::uint16_t>(field.id < 0 ? before : field.id);
      fields.push_back(
          reflection::CreateField(builder, name, type, id, field.offset, 0, 0.0, false, false,
                                  false, attributes_with(field.attributes, "unit", field.unit)));
    }
    const auto name = builder.CreateString(spec.name);
    const auto all_fields = builder.CreateVector(fields);
    objects.push_back(reflection::CreateObject(
        builder, name, all_fields, spec.is_struct, spec.alignment, spec.size,
        attributes_with(spec.attributes, "segment", spec.segment)));
  }

  std::vector<flatbuffers::Offset<reflection::Enum>> all_enums;
  for (const EnumSpec& spec : enums) {
    std::vector<flatbuffers::Offset<reflection::EnumVal>> values;
    for (const auto& [value_name, value] : spec.values) {
      values.push_back(reflection::CreateEnumVal(builder, builder.CreateString(value_name), value));
    }
    const auto name = builder.CreateString(spec.name);
    const auto type = reflection::CreateType(builder, spec.underlying);
    all_enums.push_back(reflection::CreateEnum(builder, name, builder.CreateVector(values), false,
                                               type, attributes_with(spec.attributes, "", "")));
  }
  const auto object_vector = builder.CreateVector(objects);
  const auto enum_vector = builder.CreateVector(all_enums);
  builder.Finish(reflection::CreateSchema(builder, object_vector, enum_vector), "BFBS");
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

}  // namespace evo::test
