// SPDX-License-Identifier: Apache-2.0
#include "evo/channel.hpp"

#include <fmt/format.h>

namespace evo {

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::State:
      return "state";
    case Kind::Stream:
      return "stream";
    case Kind::Link:
      return "link";
  }
  return "unknown";
}

std::string SchemaId::hex() const {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

}  // namespace evo
