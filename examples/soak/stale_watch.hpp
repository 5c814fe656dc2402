/// Tells a value that a living writer has left to grow old from one that the computer was too busy
/// to renew.
///
/// Age alone proves nothing: the host may have taken the writer's core away. So a value counts as
/// missed only if it is older than its `max_age`, its writer lives, and that writer has meanwhile
/// gone to sleep, by the kernel's count, ten times: it does that once in each cycle, so it ran
/// through ten cycles of which nobody saw a publish. A writer that hangs, or does not come back
/// after it was killed, never sleeps; that counts as missed after 5000 looks, which the watcher, at
/// one a millisecond, must have been able to make.
#pragma once

#include <cstdint>
#include <functional>

namespace evo::cell {

class StaleWatch {
 public:
  /// What a reader sees of a segment.
  struct Look {
    std::uint64_t sequence = 0;
    std::uint64_t age_ns = 0;
    bool writer_alive = false;
  };

  enum class Verdict : std::uint8_t {
    Fine,     ///< fresh, already judged, or nobody's fault as far as is known
    Stalled,  ///< stale: told once for each value, before it is judged
    Missed,   ///< told once for each value
  };

  static constexpr std::uint64_t kSleeps = 10;
  static constexpr std::uint64_t kLooks = 5000;
  /// A life is judged from this publish on: before, it attaches, and waits for others.
  static constexpr std::uint64_t kFirstPublishes = 10;

  explicit StaleWatch(std::uint64_t max_age_ns) : max_age_ns_(max_age_ns) {}

  /// The writer was killed and started again; `sequence` is the last that was seen.
  void begin_life(std::uint64_t sequence) noexcept;

  /// To be called once a millisecond. `sleeps` tells how often the writer has gone to sleep so
  /// far; it is asked only about a stale value.
  Verdict look(const Look& look, const std::function<std::uint64_t()>& sleeps);

 private:
  std::uint64_t max_age_ns_;
  std::uint64_t judged_from_ = kFirstPublishes;
  std::uint64_t stale_sequence_ = 0;  // 0: none
  std::uint64_t sleeps_before_ = 0;
  std::uint64_t looks_ = 0;
  bool judged_ = false;
};

}  // namespace evo::cell
