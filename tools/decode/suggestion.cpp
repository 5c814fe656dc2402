// SPDX-License-Identifier: Apache-2.0
#include "decode/suggestion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace evo::tools {

namespace {

/// Number of letters to insert, remove or replace to turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string suggestion(std::string_view wrong, std::span<const std::string> known,
                       std::string_view otherwise) {
  constexpr std::size_t kMost = 3;
  constexpr std::size_t kLongest = 256;  // time and memory grow with each pair of letters
  std::vector<std::pair<std::size_t, std::string>> near;
  const std::size_t limit = std::max<std::size_t>(2, wrong.size() / 3);
  for (const std::string& name : known) {
    if (name.size() > kLongest || wrong.size() > kLongest) continue;
    const bool part = wrong.size() > 2 && name.find(wrong) != std::string::npos;
    const std::size_t far = part ? 1 : distance(wrong, name);
    if (far <= limit) near.emplace_back(far, fmt::format("'{}'", name));
  }
  if (near.empty()) return fmt::format("; {}", otherwise);
  std::sort(near.begin(), near.end());
  near.resize(std::min(near.size(), kMost));
  std::string text = "; did you mean ";
  for (std::size_t i = 0; i < near.size(); ++i) {
    if (i != 0) text += i + 1 == near.size() ? " or " : ", ";
    text += near[i].second;
  }
  return text + '?';
}

}  // namespace evo::tools
