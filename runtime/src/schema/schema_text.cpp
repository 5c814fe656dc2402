// SPDX-License-Identifier: Apache-2.0
#include "schema/schema_text.hpp"

#include <algorithm>

namespace evo::detail {

namespace {

constexpr std::size_t kLongestName = 128;
constexpr std::size_t kLongestTypeName = 256;

/// Independent of the locale.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

bool is_identifier(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool is_type_name(std::string_view text) {
  if (text.size() > kLongestTypeName) return false;
  while (true) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    if (!is_identifier(text.substr(0, dot))) return false;
    if (dot == text.size()) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace evo::detail
