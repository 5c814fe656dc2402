// SPDX-License-Identifier: Apache-2.0
/// The processor share of the worker, over a sliding window of samples.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "hal_core/worker.hpp"

namespace evo::machine {

/// A measured share, and the time over which it was measured.
struct WorkerShare {
  float share = 0;              ///< 0 to 1
  std::uint64_t window_ns = 0;  ///< 0: not measured yet
};

class ShareWindow {
 public:
  /// A whole number of PWM periods, so that their ripple cancels out.
  static constexpr std::chrono::milliseconds kLength{150};
  /// A shorter window gives no useful figure.
  static constexpr std::chrono::milliseconds kShortest{20};

  /// Takes a sample, later than the previous one, and returns the share over the window that ends
  /// with it.
  [[nodiscard]] WorkerShare add(const WorkerSample& sample) noexcept;

 private:
  /// At 1 kHz the window holds 150 samples; faster sampling makes it shorter.
  static constexpr std::size_t kCapacity = 256;

  [[nodiscard]] const WorkerSample& oldest() const noexcept { return samples_[first_]; }

  std::array<WorkerSample, kCapacity> samples_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace evo::machine
