/// What was pressed, from the bytes that a terminal sends.
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
  char letter = 0;  ///< of a Letter

  friend bool operator==(const Key&, const Key&) = default;
};

class KeyParser {
 public:
  /// The keys that these bytes complete. Unknown sequences and what is no ASCII are left out.
  std::vector<Key> take(std::string_view bytes);

  /// Whether an escape character waits for what may follow it.
  [[nodiscard]] bool waits() const { return !pending_.empty(); }

  /// Nothing follows: the key Escape itself was pressed, if it waits.
  std::vector<Key> end_wait();

 private:
  std::string pending_;  // an escape sequence so far
};

}  // namespace evo::tools
