/// The fields of a payload by their names: to find, print and set them without a generated header.
///
/// A path names a field as one would write it in C++: `mode`, `axes[3].position.x`,
/// `jitter_histogram[2]`. Without an index an array means all of it, and a struct all of its
/// fields. Nothing here knows a segment: payloads are spans of bytes, laid out as the schema says.
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

/// A number or an array of numbers, at its place in the payload.
struct Field {
  std::string path;
  Scalar scalar = Scalar::Bool;
  std::uint64_t offset = 0;               ///< bytes from the start of the payload
  std::uint32_t length = 0;               ///< elements; 0 if it is a single number
  const LayoutField* declared = nullptr;  ///< type, unit, limits, comment

  [[nodiscard]] std::uint32_t count() const { return length == 0 ? 1 : length; }
};

class Fields {
 public:
  /// More than this many are not spelled out.
  static constexpr std::size_t kMostFields = 100'000;

  /// Takes the layout over. InvalidSchema: a type that is unknown here.
  static Result<Fields> of(SchemaLayout layout);

  [[nodiscard]] const SchemaLayout& layout() const { return *layout_; }

  /// All fields in order of offset, arrays of structs spelled out; at most kMostFields.
  [[nodiscard]] std::vector<Field> all() const;

  /// The fields that a path stands for. NotFound names the fields that were likely meant.
  [[nodiscard]] Result<std::vector<Field>> find(std::string_view path) const;

  /// Every declared path, where `[]` stands for each element.
  [[nodiscard]] std::vector<std::string> paths() const;

  /// As text: `12.5`, `Running`, `Drives|Vacuum`, `[1, 2, 3]`; an array with more than `most`
  /// elements is cut.
  [[nodiscard]] std::string text(const Field& field, std::span<const std::byte> payload,
                                 std::size_t most = 16) const;

  /// Numbers, booleans, and strings for enumerators and for what JSON has no number for.
  [[nodiscard]] nlohmann::ordered_json json(const Field& field,
                                            std::span<const std::byte> payload) const;

  /// One element as text.
  [[nodiscard]] std::string element_text(const Field& field, std::span<const std::byte> payload,
                                         std::uint32_t index) const;

  /// The enumerators of a field's type; none if it is no enum.
  [[nodiscard]] const std::vector<LayoutEnumValue>* enumerators(const Field& field) const;

  /// As a number; of an array one element.
  [[nodiscard]] static double number(const Field& field, std::span<const std::byte> payload,
                                     std::uint32_t index = 0);

  /// What is wrong with a value: outside `min` and `max`, not a number, no enumerator, neither
  /// true nor false. Nothing if it is fine.
  [[nodiscard]] std::optional<std::string> complaint(const Field& field,
                                                     std::span<const std::byte> payload) const;

  /// Puts a value into the payload; `[1, 2, 3]` into an array. InvalidSize: no value that the
  /// field can hold; the message says what it takes. Says nothing about `min` and `max`.
  [[nodiscard]] Result<void> set(const Field& field, std::string_view text,
                                 std::span<std::byte> payload) const;

 private:
  struct Node {
    const LayoutField* declared = nullptr;
    std::string name;
    Scalar scalar = Scalar::Bool;
    std::vector<Node> children;  // of a struct
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
  /// The enumerator, or the flags with `|` between them; nothing if it has no name.
  [[nodiscard]] std::optional<std::string> enumerator_of(const Field& field,
                                                         std::int64_t bits) const;
  /// The value that a name stands for.
  [[nodiscard]] std::optional<std::int64_t> enumerated(const Field& field,
                                                       std::string_view text) const;
  [[nodiscard]] Result<void> set_element(const Field& field, std::uint32_t index,
                                         std::string_view text, std::span<std::byte> payload) const;

  std::unique_ptr<SchemaLayout> layout_;  // stays where it is: the nodes point into it
  std::vector<Node> roots_;
  std::map<std::string, Enumerators, std::less<>> enums_;
};

}  // namespace evo::tools
