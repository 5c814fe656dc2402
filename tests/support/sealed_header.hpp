// SPDX-License-Identifier: Apache-2.0
/// Damage that the header's checksum does not reveal.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

#include "evo/format/crc32c.hpp"

namespace evo::test {

/// Recomputes the checksum of a segment header's constant fields, by the offsets that the format
/// states: bytes 8 to 20 and 40 to 52 are excluded.
inline void seal_header(std::span<std::byte> file) {
  std::array<std::byte, 256> constant{};
  std::memcpy(constant.data(), file.data(), constant.size());
  std::memset(constant.data() + 8, 0, 12);
  std::memset(constant.data() + 40, 0, 12);
  const std::uint32_t crc = crc32c(constant.data(), constant.size());
  std::memcpy(file.data() + 48, &crc, sizeof crc);
}

/// Stores a field of the header and seals it again.
template <class T>
void forge(std::span<std::byte> file, std::size_t offset, T value) {
  std::memcpy(file.data() + offset, &value, sizeof value);
  seal_header(file);
}

}  // namespace evo::test
