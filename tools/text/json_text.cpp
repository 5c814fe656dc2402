// SPDX-License-Identifier: Apache-2.0
#include "text/json_text.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "evo/text.hpp"

namespace evo::tools {

std::string json_text(const nlohmann::ordered_json& document, int indent) {
  const std::string dumped =
      document.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::string text;
  text.reserve(dumped.size());
  for (std::string_view rest = dumped; !rest.empty();) {
    const Character character = take_character(rest);
    // The library has escaped those of ASCII, except line breaks between members and DEL.
    if (character.kind == CharacterKind::Plain || character.code < 0x20) {
      text += character.bytes;
    } else if (character.kind == CharacterKind::Control) {
      text += fmt::format("\\u{:04x}", character.code);
    } else {
      text += "\\ufffd";
    }
  }
  return text;
}

}  // namespace evo::tools
