// SPDX-License-Identifier: Apache-2.0
#include "top/keys.hpp"

#include <array>
#include <optional>
#include <utility>

namespace evo::tools {

namespace {

using Sort = Key::Sort;

/// Sequences of xterm, the Linux console, screen and rxvt.
constexpr std::array<std::pair<std::string_view, Sort>, 16> kSequences = {{
    {"\x1b[A", Sort::Up},
    {"\x1bOA", Sort::Up},
    {"\x1b[B", Sort::Down},
    {"\x1bOB", Sort::Down},
    {"\x1b[5~", Sort::PageUp},
    {"\x1b[6~", Sort::PageDown},
    {"\x1b[H", Sort::Home},
    {"\x1bOH", Sort::Home},
    {"\x1b[1~", Sort::Home},
    {"\x1b[7~", Sort::Home},
    {"\x1b[F", Sort::End},
    {"\x1bOF", Sort::End},
    {"\x1b[4~", Sort::End},
    {"\x1b[8~", Sort::End},
    {"\x1b[3~", Sort::Erase},
    {"\x1bOM", Sort::Enter},
}};

std::optional<Key> key_of(std::string_view sequence) {
  for (const auto& [text, sort] : kSequences) {
    if (sequence == text) return Key{sort};
  }
  return std::nullopt;
}

/// Whether the sequence is complete: a letter or `~` ends one that began with `ESC [`, any
/// character one that began with `ESC O`.
bool is_whole(std::string_view sequence) {
  if (sequence.size() < 3) return false;
  if (sequence[1] == 'O') return true;
  return sequence.back() >= 0x40 && sequence.back() <= 0x7e;
}

std::optional<Key> plain_key(char letter) {
  switch (letter) {
    case '\r':
    case '\n':
      return Key{Sort::Enter};
    case '\b':
    case 0x7f:
      return Key{Sort::Erase};
    default:
      if (letter >= 0x20 && letter < 0x7f) return Key{Sort::Letter, letter};
      return std::nullopt;
  }
}

}  // namespace

std::vector<Key> KeyParser::take(std::string_view bytes) {
  std::vector<Key> keys;
  for (const char byte : bytes) {
    const bool begins = pending_.size() == 1 && (byte == '[' || byte == 'O');
    if (pending_.size() == 1 && !begins) {
      // Escape, and then something else.
      keys.push_back({Sort::Escape});
      pending_.clear();
    }
    if (pending_.empty()) {
      if (byte == '\x1b') {
        pending_ = byte;
      } else if (const auto key = plain_key(byte)) {
        keys.push_back(*key);
      }
      continue;
    }
    pending_ += byte;
    if (!is_whole(pending_)) continue;
    if (const auto key = key_of(pending_)) keys.push_back(*key);
    pending_.clear();
  }
  return keys;
}

std::vector<Key> KeyParser::end_wait() {
  const std::string sequence = std::exchange(pending_, "");
  if (sequence != "\x1b") return {};
  return {{Sort::Escape}};
}

}  // namespace evo::tools
