// SPDX-License-Identifier: Apache-2.0
#include "repair/assignment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "decode/suggestion.hpp"
#include "evo/format.hpp"

namespace evo::tools {

namespace {

/// The single values of `[a, b]` and the flags of `A|B`.
std::vector<std::string> single_values(std::string_view text) {
  std::vector<std::string> words{""};
  for (const char letter : text) {
    if (letter == ',' || letter == '|') {
      words.emplace_back();
    } else if (letter != ' ' && letter != '[' && letter != ']') {
      words.back() += letter;
    }
  }
  return words;
}

/// The enumerators of a field's type, without the type name.
std::vector<std::string> enumerators_of(const Fields& fields, const Field& field) {
  const std::string prefix = fmt::format("{}.", enum_of(field.declared->type));
  std::vector<std::string> names;
  for (const LayoutEnumValue& value : fields.layout().enum_values) {
    if (value.name.starts_with(prefix)) names.push_back(value.name.substr(prefix.size()));
  }
  return names;
}

std::string range_of(const Field& field) {
  const auto least = field.scalar == Scalar::Float32 ? std::numeric_limits<float>::lowest()
                                                     : std::numeric_limits<double>::lowest();
  const LayoutField& declared = *field.declared;
  return fmt::format("a number from {} to {}",
                     declared.minimum.empty() ? fmt::format("{:g}", least) : declared.minimum,
                     declared.maximum.empty() ? fmt::format("{:g}", -least) : declared.maximum);
}

/// Adds to the error the value that was likely meant, or the values that the field accepts.
Error explained(Error error, const Fields& fields, const Field& field, std::string_view text) {
  const bool is_enum = !enum_of(field.declared->type).empty();
  const bool is_float = field.scalar == Scalar::Float32 || field.scalar == Scalar::Float64;
  // Errors for whole numbers are already complete, as are those about an array's brackets.
  const bool brackets = field.length != 0 && error.message.starts_with(field.path);
  if (error.code != ErrorCode::InvalidSize || brackets || (!is_enum && !is_float)) return error;
  const auto names = is_enum ? enumerators_of(fields, field) : std::vector<std::string>();
  for (const std::string& word : single_values(text)) {
    if (is_enum && std::ranges::find(names, word) == names.end()) {
      error.message =
          fmt::format("'{}' is not a valid value for {}{}", word, field.path,
                      suggestion(word, names, fmt::format("expected {}", fmt::join(names, ", "))));
      return error;
    }
    const bool fits = field.scalar == Scalar::Float32 ? parse_number<float>(word).has_value()
                                                      : parse_number<double>(word).has_value();
    if (is_float && !fits) {
      error.message = fmt::format("'{}' is not a valid value for {}; expected {}", word, field.path,
                                  range_of(field));
      return error;
    }
  }
  return error;
}

Result<Change> assign_one(const Fields& fields, const std::string& assignment,
                          std::span<std::byte> payload) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos) {
    return make_error(ErrorCode::InvalidName, "'{}' is not an assignment; write field=value",
                      assignment);
  }
  const std::string path = assignment.substr(0, equals);
  const auto found = fields.find(path);
  if (!found) return tl::unexpected(found.error());
  if (found->size() != 1) {
    return make_error(ErrorCode::InvalidSize, "'{}' stands for {} fields; name one, such as '{}'",
                      path, found->size(), found->empty() ? "" : found->front().path);
  }
  const Field& field = found->front();
  Change change{
      .path = field.path, .before = fields.text(field, payload), .after = {}, .complaint = {}};
  const std::string_view text = std::string_view(assignment).substr(equals + 1);
  if (auto done = fields.set(field, text, payload); !done) {
    return tl::unexpected(explained(done.error(), fields, field, text));
  }
  change.after = fields.text(field, payload);
  change.complaint = fields.complaint(field, payload);
  return change;
}

}  // namespace

Result<std::vector<Change>> assign(const Fields& fields,
                                   const std::vector<std::string>& assignments,
                                   std::span<std::byte> payload) {
  std::vector<std::byte> changed(payload.begin(), payload.end());
  std::vector<Change> changes;
  for (const std::string& assignment : assignments) {
    auto change = assign_one(fields, assignment, changed);
    if (!change) return tl::unexpected(change.error());
    changes.push_back(std::move(*change));
  }
  std::ranges::copy(changed, payload.begin());
  return changes;
}

}  // namespace evo::tools
