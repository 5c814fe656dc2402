#include "text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace evo::detail {

std::size_t character_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t size = first < 0x80              ? 1
                           : (first & 0xe0U) == 0xc0 ? 2
                           : (first & 0xf0U) == 0xe0 ? 3
                           : (first & 0xf8U) == 0xf0 ? 4
                                                     : 0;
  if (size > text.size()) return 0;
  std::uint32_t code = size < 2 ? first : first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80) return 0;
    code = (code << 6U) | (next & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < kSmallest[size] || surrogate || code > 0x10ffff ? 0 : size;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const auto first = static_cast<unsigned char>(text[0]);
    const auto second = static_cast<unsigned char>(size == 2 ? text[1] : 0);
    const bool control =
        size == 1 ? first < 0x20 || first == 0x7f : size == 2 && first == 0xc2 && second < 0xa0;
    out += size == 0 || control ? std::string_view("?") : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(1, size));
  }
  return out;
}

}  // namespace evo::detail
