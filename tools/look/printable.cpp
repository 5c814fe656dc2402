#include "look/printable.hpp"

namespace evo::tools {

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    // U+0080 to U+009F are control characters, too.
    const bool two_bytes = byte == 0xc2 && next >= 0x80 && next <= 0x9f;
    if (two_bytes) ++i;
    out += two_bytes || byte < ' ' || byte == 0x7f ? '?' : text[i];
  }
  return out;
}

}  // namespace evo::tools
