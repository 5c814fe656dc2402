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
/// Bytes of each of the three chains of an instruction that takes three cycles but starts in each.
constexpr std::size_t kChain = 256;

/// What a checksum becomes by kChain zero bytes, for each value of each of its bytes. The function
/// is linear: a checksum's result is the sum (exclusive or) of those of its bits.
using ZerosTable = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr ZerosTable make_zeros() {
  std::array<std::uint32_t, 32> of_bit{};
  for (std::size_t bit = 0; bit < of_bit.size(); ++bit) {
    std::uint32_t crc = 1U << bit;
    for (std::size_t i = 0; i < kChain; ++i) crc = (crc >> 8) ^ kTable[crc & 0xffU];
    of_bit[bit] = crc;
  }
  ZerosTable table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    for (std::size_t value = 0; value < 256; ++value) {
      for (std::size_t bit = 0; bit < 8; ++bit) {
        if ((value >> bit & 1U) != 0) table[byte][value] ^= of_bit[8 * byte + bit];
      }
    }
  }
  return table;
}

constexpr ZerosTable kZeros = make_zeros();

std::uint64_t after_zeros(std::uint64_t crc) noexcept {
  return kZeros[0][crc & 0xffU] ^ kZeros[1][crc >> 8 & 0xffU] ^ kZeros[2][crc >> 16 & 0xffU] ^
         kZeros[3][crc >> 24 & 0xffU];
}

std::uint64_t word_at(const unsigned char* data) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, data, sizeof word);
  return word;
}

/// Three neighbouring parts at once. The checksums of the second and third begin with zero, so the
/// one before has only to be carried over as many zeros as that part has bytes.
[[gnu::target("sse4.2")]] std::uint64_t by_three_chains(const unsigned char* data,
                                                        std::uint64_t first) noexcept {
  std::uint64_t second = 0;
  std::uint64_t third = 0;
  for (std::size_t i = 0; i < kChain; i += 8) {
    first = _mm_crc32_u64(first, word_at(data + i));
    second = _mm_crc32_u64(second, word_at(data + kChain + i));
    third = _mm_crc32_u64(third, word_at(data + 2 * kChain + i));
  }
  return after_zeros(after_zeros(first) ^ second) ^ third;
}

[[gnu::target("sse4.2")]] std::uint32_t by_instruction(const unsigned char* data, std::size_t size,
                                                       std::uint32_t crc) noexcept {
  std::uint64_t wide = crc;
  for (; size >= 3 * kChain; data += 3 * kChain, size -= 3 * kChain) {
    wide = by_three_chains(data, wide);
  }
  for (; size >= 8; data += 8, size -= 8) wide = _mm_crc32_u64(wide, word_at(data));
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
