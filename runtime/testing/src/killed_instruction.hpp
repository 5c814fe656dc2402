// SPDX-License-Identifier: Apache-2.0
/// A traced child killed after each single instruction between two marks.
#pragma once

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <vector>

#include "traced_child.hpp"

namespace evo::detail {

/// How many instructions `body` takes from its first mark to its second. `alongside` is called
/// while it is stopped at the first.
template <class Body>
std::size_t count_instructions(Body&& body, const std::function<void()>& alongside = {}) {
  TracedChild child(std::forward<Body>(body));
  if (child.run_to_mark() != Stop::Mark) throw std::runtime_error("the child failed");
  if (alongside) alongside();
  std::size_t count = 0;
  while (child.step_instruction() == Stop::Step) ++count;
  return count;
}

/// After how many of `total` instructions to kill. A body as short as a write is killed after each
/// of them. A longer one, as sanitizers produce, is killed in strides: short ones at its start and
/// its end, where the protocol does its work, and long ones in between, where it copies.
inline std::vector<std::size_t> moments_to_kill(std::size_t total) {
  constexpr std::size_t kShort = 1000;
  constexpr std::size_t kAtEachEnd = 200;
  constexpr std::size_t kEndStride = 5;
  constexpr std::size_t kTriesInBetween = 20;
  constexpr std::size_t kAtTheVeryEnd = 120;  // the last stores and the instructions after them
  std::vector<std::size_t> chosen;
  const std::size_t long_stride = total / kTriesInBetween;
  for (std::size_t k = 0; k <= total;) {
    chosen.push_back(k);
    const bool at_an_end = k < kAtEachEnd || k + kAtEachEnd > total;
    if (total <= kShort || k + kAtTheVeryEnd > total) {
      ++k;
    } else if (at_an_end) {
      k += kEndStride;
    } else {
      k = std::min(k + long_stride, total - kAtEachEnd + 1);
    }
  }
  return chosen;
}

}  // namespace evo::detail
