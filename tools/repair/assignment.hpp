/// `field=value`: changes to a payload, all of them or none.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "decode/fields.hpp"

namespace evo::tools {

/// What became of a field.
struct Change {
  std::string path;
  std::string before;
  std::string after;
  std::optional<std::string> complaint;  ///< if it is outside `min` and `max`
};

/// Applies `path=value` one after the other. InvalidName: no `=` in one. NotFound: no such field.
/// InvalidSize: no value that it can hold, or a path that stands for several fields. On an error
/// the payload is as it was.
Result<std::vector<Change>> assign(const Fields& fields,
                                   const std::vector<std::string>& assignments,
                                   std::span<std::byte> payload);

}  // namespace evo::tools
