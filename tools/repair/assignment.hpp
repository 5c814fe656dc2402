// SPDX-License-Identifier: Apache-2.0
/// `field=value`: changes to a payload, applied all or not at all.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "decode/fields.hpp"

namespace evo::tools {

/// The change of one field.
struct Change {
  std::string path;
  std::string before;
  std::string after;
  std::optional<std::string> complaint;  ///< if it is outside `min` and `max`
};

/// Applies each `path=value` in order. InvalidName: an assignment without `=`. NotFound: no such
/// field. InvalidSize: a value that the field cannot hold, or a path that selects several fields.
/// On an error the payload is unchanged.
Result<std::vector<Change>> assign(const Fields& fields,
                                   const std::vector<std::string>& assignments,
                                   std::span<std::byte> payload);

}  // namespace evo::tools
