// SPDX-License-Identifier: Apache-2.0
/// Values that prove themselves whole: every word of value n is n.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "evo/format.hpp"
#include "evo/raw_state_reader.hpp"

namespace evo::test {

inline std::vector<std::uint64_t> whole_value(std::size_t bytes, std::uint64_t n) {
  return std::vector<std::uint64_t>(bytes / sizeof n, n);
}

inline std::span<const std::byte> bytes_of(const std::vector<std::uint64_t>& value) {
  return std::as_bytes(std::span(value));
}

/// The number of the last value; or the name of the error, or what is torn about it.
inline std::string read_whole(RawStateReader& reader) {
  std::vector<std::uint64_t> value(reader.size() / sizeof(std::uint64_t));
  const auto info = reader.read(std::as_writable_bytes(std::span(value)));
  if (!info) return std::string(to_string(info.error()));
  for (const std::uint64_t word : value) {
    if (word != value.front()) return fmt::format("torn: {} and {}", value.front(), word);
  }
  return std::to_string(value.front());
}

}  // namespace evo::test
