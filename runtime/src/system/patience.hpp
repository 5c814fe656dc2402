// SPDX-License-Identifier: Apache-2.0
/// How long to wait for processes that create, close or clean up a segment.
#pragma once

#include <chrono>
#include <ctime>

namespace evo::detail {

/// A deadline for work that other processes finish within a millisecond, unless one of them is
/// stopped or starved.
class Patience {
 public:
  [[nodiscard]] bool is_over() const { return std::chrono::steady_clock::now() >= end_; }
  /// Sleeps for a moment, before the next attempt.
  static void pause() noexcept {
    constexpr timespec kPause{0, 100'000};
    ::nanosleep(&kPause, nullptr);
  }

 private:
  std::chrono::steady_clock::time_point end_ =
      std::chrono::steady_clock::now() + std::chrono::seconds(1);
};

}  // namespace evo::detail
