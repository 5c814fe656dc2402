#include <fmt/format.h>

#include <algorithm>

#include "evo/schema_layout.hpp"

namespace evo {

namespace {

template <class Range, class Projection>
auto find_by(const Range& range, const std::string& key, Projection projection) {
  return std::find_if(range.begin(), range.end(),
                      [&](const auto& item) { return item.*projection == key; });
}

std::string quoted_unit(const std::string& unit) {
  return unit.empty() ? "none" : fmt::format("\"{}\"", unit);
}

std::string length_text(std::uint32_t length) {
  return length == 0 ? "a single value" : fmt::format("{} elements", length);
}

/// What differs in a field that both have.
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
  for (const LayoutEnumValue& value : reader.enum_values) {
    const auto found = find_by(segment.enum_values, value.name, &LayoutEnumValue::name);
    if (found == segment.enum_values.end()) {
      lines.push_back(
          fmt::format("enum value removed: {} ({} in this reader), the segment lacks it",
                      value.name, value.value));
    } else if (found->value != value.value) {
      lines.push_back(fmt::format("enum value: {}: {} in the segment, {} in this reader",
                                  value.name, found->value, value.value));
    }
  }
  for (const LayoutEnumValue& value : segment.enum_values) {
    const auto found = find_by(reader.enum_values, value.name, &LayoutEnumValue::name);
    if (found == reader.enum_values.end()) {
      lines.push_back(fmt::format("enum value added: {} ({} in the segment), this reader lacks it",
                                  value.name, value.value));
    }
  }
}

}  // namespace

std::vector<std::string> diff_schemas(const SchemaLayout& reader, const SchemaLayout& segment) {
  std::vector<std::string> lines;
  for (const LayoutField& field : reader.fields) {
    const auto found = find_by(segment.fields, field.path, &LayoutField::path);
    if (found == segment.fields.end()) {
      lines.push_back(fmt::format("removed: {} ({} in this reader), the segment lacks it",
                                  field.path, describe(field)));
    } else {
      compare(field, *found, lines);
    }
  }
  for (const LayoutField& field : segment.fields) {
    if (find_by(reader.fields, field.path, &LayoutField::path) == reader.fields.end()) {
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
