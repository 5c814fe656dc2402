// SPDX-License-Identifier: Apache-2.0
#include "evo/format/crc32c.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "evo/detail/copy.hpp"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace evo {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78U;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}

constexpr auto kTable = make_table();

std::uint32_t by_table(const unsigned char* data, std::size_t size, std::uint32_t crc) noexcept {
  for (std::size_t i = 0; i < size; ++i) crc = (crc >> 8) ^ kTable[(crc ^ data[i]) & 0xffU];
  return crc;
}

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] std::uint32_t by_instruction(const unsigned char* data, std::size_t size,
                                                       std::uint32_t crc) noexcept {
  std::uint64_t wide = crc;
  for (; size >= 8; data += 8, size -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (; size != 0; ++data, --size) crc = _mm_crc32_u8(crc, *data);
  return crc;
}

const auto kHasInstruction = static_cast<bool>(__builtin_cpu_supports("sse4.2"));
#endif

}  // namespace

std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t crc) noexcept {
  const auto* bytes = static_cast<const unsigned char*>(data);
#if defined(__x86_64__)
  if (kHasInstruction) return ~by_instruction(bytes, size, ~crc);
#endif
  return ~by_table(bytes, size, ~crc);
}

std::uint32_t crc32c_of_shared(const std::byte* payload, std::size_t size) noexcept {
  std::uint32_t crc = 0;
  std::array<std::byte, 1024> part;
  for (std::size_t offset = 0; offset < size; offset += part.size()) {
    const std::size_t count = std::min(part.size(), size - offset);
    detail::copy_from_shared(part.data(), payload + offset, count);
    crc = crc32c(part.data(), count, crc);
  }
  return crc;
}

}  // namespace evo
