// SPDX-License-Identifier: Apache-2.0
/// Bytes whose values show where they belong.
#pragma once

#include <cstddef>
#include <vector>

namespace evo::test {

using Bytes = std::vector<std::byte>;

/// No two neighboring bytes are equal, and a different seed changes every byte.
inline Bytes pattern(std::size_t size, unsigned seed = 1) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 31 + seed);
  return bytes;
}

}  // namespace evo::test
