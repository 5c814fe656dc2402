// SPDX-License-Identifier: Apache-2.0
/// Values that prove where they come from: which ticket of which writer, and that no byte is of
/// another value.
///
///     word 0   ticket, unique in a sequence of operations
///     word 1   number of the writing actor
///     ...      filler, a function of the ticket
///     last     a hash over all words before it
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace evo::test::lifecycle {

using Ticket = std::uint64_t;

constexpr std::size_t kSmallestValue = 24;

constexpr std::uint64_t scramble(std::uint64_t state, std::uint64_t word) {
  state = (state ^ word) * 0x9e3779b97f4a7c15U;
  return state ^ (state >> 29U);
}

inline std::uint64_t word_at(std::span<const std::byte> value, std::size_t index) {
  std::uint64_t word = 0;
  std::memcpy(&word, value.data() + index * sizeof word, sizeof word);
  return word;
}

/// `value` holds a whole number of words, at least three.
inline void fill_value(std::span<std::byte> value, Ticket ticket, std::uint64_t writer) {
  const std::size_t words = value.size() / sizeof(std::uint64_t);
  std::uint64_t hash = 1;
  for (std::size_t i = 0; i < words; ++i) {
    std::uint64_t word = i == 0 ? ticket : i == 1 ? writer : scramble(ticket, i);
    if (i == words - 1) word = hash;
    hash = scramble(hash, word);
    std::memcpy(value.data() + i * sizeof word, &word, sizeof word);
  }
}

inline bool is_whole(std::span<const std::byte> value) {
  const std::size_t words = value.size() / sizeof(std::uint64_t);
  std::uint64_t hash = 1;
  for (std::size_t i = 0; i + 1 < words; ++i) hash = scramble(hash, word_at(value, i));
  return word_at(value, words - 1) == hash;
}

}  // namespace evo::test::lifecycle
