/// The attributes of a schema: what their values may be.
#pragma once

#include <optional>
#include <string_view>

namespace evo::detail {

/// What is wrong with the value of an attribute, as in "is not a whole number"; nothing if tools
/// may print it and act on it. Numbers, times, names and limits are held to their forms, while
/// words such as those of `kind` and the values of attributes that are unknown here may be any
/// short text: a later release may have more of them. `key` is an identifier.
[[nodiscard]] std::optional<std::string_view> fault_of_attribute(std::string_view key,
                                                                 std::string_view value);

}  // namespace evo::detail
