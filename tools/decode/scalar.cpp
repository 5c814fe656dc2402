// SPDX-License-Identifier: Apache-2.0
#include "decode/scalar.hpp"

#include <algorithm>
#include <array>

namespace evo::tools {

namespace {

constexpr std::array<std::string_view, 11> kScalarNames = {"bool",   "int8",    "uint8",  "int16",
                                                           "uint16", "int32",   "uint32", "int64",
                                                           "uint64", "float32", "float64"};

}  // namespace

std::string_view enum_of(std::string_view type) {
  constexpr std::string_view kPrefix = "enum ";
  if (!type.starts_with(kPrefix)) return {};
  type.remove_prefix(kPrefix.size());
  return type.substr(0, type.find(": "));
}

std::optional<Scalar> scalar_of(std::string_view type) {
  if (!enum_of(type).empty()) type = type.substr(type.rfind(' ') + 1);
  const auto* found = std::find(kScalarNames.begin(), kScalarNames.end(), type);
  if (found == kScalarNames.end()) return std::nullopt;
  return static_cast<Scalar>(found - kScalarNames.begin());
}

}  // namespace evo::tools
