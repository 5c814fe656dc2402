// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <string_view>
#include <unordered_map>

#include "evo/schema_layout.hpp"

namespace evo {

namespace {

/// Finds items by name, so that comparing large schemas stays fast.
template <class Item>
class Index {
 public:
  Index(const std::vector<Item>& items, std::string Item::*name) {
    for (const Item& item : items) places_.emplace(item.*name, &item);
  }
  [[nodiscard]] const Item* find(const std::string& name) const {
    const auto found = places_.find(name);
    return found == places_.end() ? nullptr : found->second;
  }

 private:
  std::unordered_map<std::string_view, const Item*> places_;
};

std::string quoted_unit(const std::string& unit) {
  return unit.empty() ? "none" : fmt::format("\"{}\"", unit);
}

std::string length_text(std::uint32_t length) {
  return length == 0 ? "a single value" : fmt::format("{} elements", length);
}

/// Adds the differences in a field that both have.
void compare(const LayoutField& reader, const LayoutField& segment,
             std::vector<std::string>& lines) {
  const auto add = [&](std::string_view what, std::string_view in_segment,
                       std::string_view in_reader) {
    lines.push_back(fmt::format("{}: {}: {} in the segment, {} in this reader", what, reader.path,
                                in_segment, in_reader));
  };
  if (reader.type != segment.type) add("retyped", segment.type, reader.type);
  if (reader.length != segment.length) {
    add("array length", length_text(segment.length), length_text(reader.length));
  }
  if (reader.unit != segment.unit) {
    add("unit changed", quoted_unit(segment.unit), quoted_unit(reader.unit));
  }
  if (reader.offset != segment.offset) {
    add("moved", fmt::format("offset {}", segment.offset), fmt::format("offset {}", reader.offset));
  }
}

std::string describe(const LayoutField& field) {
  return fmt::format("{} at offset {}{}{}", field.type, field.offset,
                     field.length == 0 ? "" : fmt::format(", {} elements", field.length),
                     field.unit.empty() ? "" : fmt::format(", unit \"{}\"", field.unit));
}

void compare_enums(const SchemaLayout& reader, const SchemaLayout& segment,
                   std::vector<std::string>& lines) {
  const Index in_reader(reader.enum_values, &LayoutEnumValue::name);
  const Index in_segment(segment.enum_values, &LayoutEnumValue::name);
  for (const LayoutEnumValue& value : reader.enum_values) {
    const LayoutEnumValue* const found = in_segment.find(value.name);
    if (found == nullptr) {
      lines.push_back(
          fmt::format("enum value removed: {} ({} in this reader), the segment lacks it",
                      value.name, value.value));
    } else if (found->value != value.value) {
      lines.push_back(fmt::format("enum value: {}: {} in the segment, {} in this reader",
                                  value.name, found->value, value.value));
    }
  }
  for (const LayoutEnumValue& value : segment.enum_values) {
    if (in_reader.find(value.name) == nullptr) {
      lines.push_back(fmt::format("enum value added: {} ({} in the segment), this reader lacks it",
                                  value.name, value.value));
    }
  }
}

}  // namespace

std::vector<std::string> diff_schemas(const SchemaLayout& reader, const SchemaLayout& segment) {
  std::vector<std::string> lines;
  const Index in_reader(reader.fields, &LayoutField::path);
  const Index in_segment(segment.fields, &LayoutField::path);
  for (const LayoutField& field : reader.fields) {
    const LayoutField* const found = in_segment.find(field.path);
    if (found == nullptr) {
      lines.push_back(fmt::format("removed: {} ({} in this reader), the segment lacks it",
                                  field.path, describe(field)));
    } else {
      compare(field, *found, lines);
    }
  }
  for (const LayoutField& field : segment.fields) {
    if (in_reader.find(field.path) == nullptr) {
      lines.push_back(fmt::format("added: {} ({} in the segment), this reader lacks it", field.path,
                                  describe(field)));
    }
  }
  compare_enums(reader, segment, lines);
  if (reader.size != segment.size) {
    lines.push_back(
        fmt::format("size: {} bytes in the segment, {} in this reader", segment.size, reader.size));
  }
  if (reader.alignment != segment.alignment) {
    lines.push_back(fmt::format("alignment: {} in the segment, {} in this reader",
                                segment.alignment, reader.alignment));
  }
  return lines;
}

}  // namespace evo
