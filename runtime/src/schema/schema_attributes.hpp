// SPDX-License-Identifier: Apache-2.0
/// The values that the attributes of a schema may have.
#pragma once

#include <optional>
#include <string_view>

namespace evo::detail {

/// Returns what is wrong with the value of an attribute, as in "is not a whole number"; nullopt if
/// tools may print the value and act on it. Numbers, times, names and limits must have their forms.
/// Words such as those of `kind`, and the values of attributes that are unknown here, may be any
/// short text, because a later release may define more of them. `key` is an identifier.
[[nodiscard]] std::optional<std::string_view> fault_of_attribute(std::string_view key,
                                                                 std::string_view value);

}  // namespace evo::detail
