// SPDX-License-Identifier: Apache-2.0
/// Access to the fields of a payload by name: find, print and set them without a generated header.
///
/// A path names a field as C++ would: `mode`, `axes[3].position.x`, `jitter_histogram[2]`. Without
/// an index, an array path selects the whole array, and a struct path all of its fields. This file
/// is independent of segments: a payload is a span of bytes, laid out as the schema says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decode/scalar.hpp"
#include "evo/error.hpp"
#include "evo/schema_layout.hpp"

namespace evo::tools {

/// A number or an array of numbers, at its offset in the payload.
struct Field {
  std::string path;
  Scalar scalar = Scalar::Bool;
  std::uint64_t offset = 0;               ///< bytes from the start of the payload
  std::uint32_t length = 0;               ///< elements; 0 for a single number
  const LayoutField* declared = nullptr;  ///< type, unit, limits, comment

  [[nodiscard]] std::uint32_t count() const { return length == 0 ? 1 : length; }
};

class Fields {
 public:
  /// Upper limit on the number of fields.
  static constexpr std::size_t kMostFields = 100'000;

  /// Takes ownership of the layout. InvalidSchema: unknown type.
  static Result<Fields> of(SchemaLayout layout);

  [[nodiscard]] const SchemaLayout& layout() const { return *layout_; }

  /// All fields in order of offset, arrays of structs expanded; at most kMostFields.
  [[nodiscard]] std::vector<Field> all() const;

  /// The fields that a path selects. NotFound: the message suggests similar names.
  [[nodiscard]] Result<std::vector<Field>> find(std::string_view path) const;

  /// Every declared path, with `[]` for each element.
  [[nodiscard]] std::vector<std::string> paths() const;

  /// As text: `12.5`, `Running`, `Drives|Vacuum`, `[1, 2, 3]`; arrays are truncated after `most`
  /// elements.
  [[nodiscard]] std::string text(const Field& field, std::span<const std::byte> payload,
                                 std::size_t most = 16) const;

  /// Numbers and booleans; strings for enumerators and for values that JSON numbers cannot express.
  [[nodiscard]] nlohmann::ordered_json json(const Field& field,
                                            std::span<const std::byte> payload) const;

  /// One element as text.
  [[nodiscard]] std::string element_text(const Field& field, std::span<const std::byte> payload,
                                         std::uint32_t index) const;

  /// The enumerators of a field's type; nullptr if it is not an enum.
  [[nodiscard]] const std::vector<LayoutEnumValue>* enumerators(const Field& field) const;

  /// As a number; for an array, one element.
  [[nodiscard]] static double number(const Field& field, std::span<const std::byte> payload,
                                     std::uint32_t index = 0);

  /// What is wrong with a value: outside `min` and `max`, not a number, not an enumerator, neither
  /// true nor false. Nothing if it is valid.
  [[nodiscard]] std::optional<std::string> complaint(const Field& field,
                                                     std::span<const std::byte> payload) const;

  /// Stores a value in the payload; `[1, 2, 3]` for an array. InvalidSize: the field cannot hold
  /// the value; the message says which values it accepts. Does not check `min` and `max`.
  [[nodiscard]] Result<void> set(const Field& field, std::string_view text,
                                 std::span<std::byte> payload) const;

 private:
  struct Node {
    const LayoutField* declared = nullptr;
    std::string name;
    Scalar scalar = Scalar::Bool;
    std::vector<Node> children;  // if it is a struct
  };

  /// The enumerators of a type, with short names.
  struct Enumerators {
    std::vector<LayoutEnumValue> declared;
    std::vector<std::pair<std::int64_t, std::size_t>> places;  // of each value, sorted
    [[nodiscard]] bool are_flags() const { return !declared.empty() && declared.front().is_flag; }
  };

  Fields() = default;
  Result<void> grow(std::vector<Node>& nodes, std::size_t& next, const std::string& prefix);
  void spell_out(const Node& node, const std::string& path, std::uint64_t shift,
                 std::vector<Field>& out) const;
  [[nodiscard]] tl::unexpected<Error> not_found(std::string_view path) const;
  [[nodiscard]] const Enumerators* enumerators_of(const Field& field) const;
  /// The enumerator, or the flags joined with `|`; nothing if it has no name.
  [[nodiscard]] std::optional<std::string> enumerator_of(const Field& field,
                                                         std::int64_t bits) const;
  /// The value that a name denotes.
  [[nodiscard]] std::optional<std::int64_t> enumerated(const Field& field,
                                                       std::string_view text) const;
  [[nodiscard]] Result<void> set_element(const Field& field, std::uint32_t index,
                                         std::string_view text, std::span<std::byte> payload) const;

  std::unique_ptr<SchemaLayout> layout_;  // stable address: the nodes point into it
  std::vector<Node> roots_;
  std::map<std::string, Enumerators, std::less<>> enums_;
};

}  // namespace evo::tools
