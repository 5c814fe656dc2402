// SPDX-License-Identifier: Apache-2.0
#include "hal_core/share_window.hpp"

#include <algorithm>

namespace evo::machine {

namespace {

constexpr std::uint64_t to_ns(std::chrono::nanoseconds duration) {
  return static_cast<std::uint64_t>(duration.count());
}

}  // namespace

WorkerShare ShareWindow::add(const WorkerSample& sample) noexcept {
  const auto drop_oldest = [this] {
    first_ = (first_ + 1) % kCapacity;
    --count_;
  };
  if (count_ == kCapacity) drop_oldest();
  samples_[(first_ + count_) % kCapacity] = sample;
  ++count_;
  // The oldest sample kept is the newest one that is at least a whole window old.
  while (count_ > 2 && samples_[(first_ + 1) % kCapacity].at_ns + to_ns(kLength) <= sample.at_ns) {
    drop_oldest();
  }
  const std::uint64_t window_ns = sample.at_ns - oldest().at_ns;
  if (window_ns < to_ns(kShortest)) return {};
  const auto busy_ns = static_cast<double>(sample.cpu_time_ns - oldest().cpu_time_ns);
  const double share = busy_ns / static_cast<double>(window_ns);
  return {.share = static_cast<float>(std::clamp(share, 0.0, 1.0)), .window_ns = window_ns};
}

}  // namespace evo::machine
