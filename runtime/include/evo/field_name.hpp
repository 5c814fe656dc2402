// SPDX-License-Identifier: Apache-2.0
/// Field names that the compiler checks.
#pragma once

#include <cstdint>
#include <string_view>

namespace evo {

namespace detail {
/// Never defined; the compiler's message shows its name (see channel.hpp).
[[noreturn]] void the_schema_has_no_such_top_level_field();
}  // namespace detail

/// A field's name, checked at compile time to be a field of the channel.
template <class Channel>
struct FieldName {
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is meant to convert.
  consteval FieldName(const char* name) : index(find(name)) {}

  std::uint32_t index;

 private:
  static consteval std::uint32_t find(std::string_view name) {
    for (std::uint32_t i = 0; i < Channel::fields.size(); ++i) {
      if (Channel::fields[i].name == name) return i;
    }
    detail::the_schema_has_no_such_top_level_field();
  }
};

}  // namespace evo
