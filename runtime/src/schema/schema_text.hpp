// SPDX-License-Identifier: Apache-2.0
/// Names and attributes in the tables of a binary schema.
#pragma once

#include <flatbuffers/reflection_generated.h>

#include <string_view>

namespace evo::detail {

inline std::string_view text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->c_str(), text->size());
}

/// Whether `text` is a name of the schema language with at most 128 characters. The generator
/// accepts 48.
bool is_identifier(std::string_view text);

/// Whether `text` is identifiers separated by dots, with at most 256 characters. The generator
/// accepts 200.
bool is_type_name(std::string_view text);

template <class T>
const reflection::KeyValue* find_attribute(const T& holder, std::string_view key) {
  if (holder.attributes() == nullptr) return nullptr;
  for (const reflection::KeyValue* entry : *holder.attributes()) {
    if (text_of(entry->key()) == key) return entry;
  }
  return nullptr;
}

/// The value of the attribute; empty if it has none or there is no such attribute.
template <class T>
std::string_view attribute_of(const T& holder, std::string_view key) {
  const reflection::KeyValue* const entry = find_attribute(holder, key);
  return entry == nullptr ? std::string_view() : text_of(entry->value());
}

template <class T>
bool has_attribute(const T& holder, std::string_view key) {
  return find_attribute(holder, key) != nullptr;
}

}  // namespace evo::detail
