// SPDX-License-Identifier: Apache-2.0
/// Parses key presses from the bytes that a terminal sends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evo::tools {

struct Key {
  enum class Sort : std::uint8_t {
    Letter,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Escape,
    Erase,
  };
  Sort sort = Sort::Letter;
  char letter = 0;  ///< if `sort` is Letter

  friend bool operator==(const Key&, const Key&) = default;
};

class KeyParser {
 public:
  /// The keys that these bytes complete. Unknown sequences and non-ASCII characters are ignored.
  std::vector<Key> take(std::string_view bytes);

  /// Whether an escape character waits for a possible continuation.
  [[nodiscard]] bool waits() const { return !pending_.empty(); }

  /// No continuation came: an escape character that waits was the Escape key itself.
  std::vector<Key> end_wait();

 private:
  std::string pending_;  // incomplete escape sequence
};

}  // namespace evo::tools
