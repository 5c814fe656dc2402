// SPDX-License-Identifier: Apache-2.0
/// Distinguishes a value that a live writer failed to renew from one that the computer was too busy
/// to renew.
///
/// Age alone proves nothing: the host may have taken the writer's core away. So a value counts as
/// missed only if it is older than its `max_age`, its writer is alive, and the writer has gone to
/// sleep ten times since, by the kernel's count: it sleeps once in each cycle, so it ran through
/// ten cycles without a visible publish. A writer that hangs, or does not restart after it was
/// killed, never sleeps; that counts as missed after 5000 looks, one per millisecond, which shows
/// that the watcher itself could run.
#pragma once

#include <cstdint>
#include <functional>

namespace evo::machine {

class StaleWatch {
 public:
  /// A reader's observation of a segment.
  struct Look {
    std::uint64_t sequence = 0;
    std::uint64_t age_ns = 0;
    bool writer_alive = false;
  };

  enum class Verdict : std::uint8_t {
    Fine,     ///< fresh, already judged, or not known to be the writer's fault
    Stalled,  ///< stale: returned once per value, before it is judged
    Missed,   ///< returned once per value
  };

  static constexpr std::uint64_t kSleeps = 10;
  static constexpr std::uint64_t kAttempts = 5000;
  /// An incarnation is judged from this publish on: before it, the module attaches and waits for
  /// others.
  static constexpr std::uint64_t kFirstPublishes = 10;

  explicit StaleWatch(std::uint64_t max_age_ns) : max_age_ns_(max_age_ns) {}

  /// Call after the writer was killed and restarted; `sequence` is the last one seen.
  void begin_life(std::uint64_t sequence) noexcept;

  /// To be called once a millisecond. `sleeps` returns how often the writer has gone to sleep so
  /// far; it is called only for a stale value.
  Verdict look(const Look& look, const std::function<std::uint64_t()>& sleeps);

 private:
  std::uint64_t max_age_ns_;
  std::uint64_t judged_from_ = kFirstPublishes;
  std::uint64_t stale_sequence_ = 0;  // 0: none
  std::uint64_t sleeps_before_ = 0;
  std::uint64_t attempts_ = 0;
  bool judged_ = false;
};

}  // namespace evo::machine
