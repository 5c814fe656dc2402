// SPDX-License-Identifier: Apache-2.0
/// The layout that a binary schema (.bfbs) describes. The schema is not trusted.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evo/error.hpp"

namespace evo {

/// One field of a segment, including nested ones.
struct LayoutField {
  std::string path;          ///< `axes[].position.x`: `[]` stands for each element
  std::uint64_t offset = 0;  ///< from the start of the payload; below `[]`, of element 0
  std::uint64_t size = 0;    ///< bytes, of the whole array if it is one
  std::string type;  ///< `float32`, `struct cell.control.Axis`, `enum cell.control.Mode: uint8`
  std::uint32_t length = 0;  ///< elements of an array; 0 if it is not an array
  std::string unit;          ///< empty if none
  std::string minimum = {};  ///< as written in the schema; empty if none
  std::string maximum = {};
  std::string documentation = {};  ///< its comment, lines joined; empty if none
};

struct LayoutEnumValue {
  std::string name;        ///< `cell.control.Mode.Fault`
  std::int64_t value = 0;  ///< as the bits of a signed number
  bool is_flag = false;    ///< of `bit_flags`: several may be set at the same time
};

/// What a schema says about a segment besides its layout: `owner`, `readers`, `period` …
struct SegmentAttribute {
  std::string name;
  std::string value;
};

/// A segment's payload as its schema describes it, fields in order of offset.
struct SchemaLayout {
  std::string struct_name = {};    ///< `cell.control.ControlState`
  std::string documentation = {};  ///< its comment, lines joined; empty if none
  std::vector<SegmentAttribute> attributes = {};
  std::uint64_t size = 0;
  std::uint64_t alignment = 0;
  std::vector<LayoutField> fields;
  std::vector<LayoutEnumValue> enum_values;

  /// The value of an attribute; empty if the schema does not have it.
  [[nodiscard]] std::string_view attribute(std::string_view name) const;
};

/// Reads the struct whose attribute `segment` is `segment`. The bytes may be hostile: they pass
/// CheckedSchema first, so names are identifiers, paths are unique, and units and limits are plain
/// text. InvalidSchema says what is wrong.
[[nodiscard]] Result<SchemaLayout> read_schema(std::span<const std::uint8_t> bfbs,
                                               std::string_view segment);

/// One line for each difference, in the order of the fields: added, removed, moved, retyped, array
/// length, unit, enum values. Empty if there is none.
[[nodiscard]] std::vector<std::string> diff_schemas(const SchemaLayout& reader,
                                                    const SchemaLayout& segment);

}  // namespace evo
