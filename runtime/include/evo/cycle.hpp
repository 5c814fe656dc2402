// SPDX-License-Identifier: Apache-2.0
/// Cycles: a loop body that runs at fixed times, however long each run takes.
///
/// The times are absolute: multiples of the period, plus the phase, of CLOCK_MONOTONIC, which all
/// processes of a machine share. So the mean drift is zero, and modules with the same period keep
/// their order by their phases, whenever they started. Cycles whose time has passed are skipped and
/// counted: a long delay is followed by one cycle, not by a burst.
///
/// Where a writer publishes once a cycle, the deadline watch counts its delays as late intervals.
#pragma once

#include <atomic>
#include <cstdint>
#include <iterator>

#include "evo/detail/chrono.hpp"
#include "evo/detail/cycle_schedule.hpp"

namespace evo {

namespace detail {
struct WaitSetState;
}

struct CycleOptions {
  /// When within the period a cycle begins.
  std::chrono::nanoseconds phase{0};
};

/// One cycle: when it should have begun, and when it did.
class Cycle {
 public:
  /// The number of this cycle, from 1; skipped ones are not counted.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// CLOCK_MONOTONIC.
  [[nodiscard]] std::uint64_t scheduled_ns() const noexcept { return scheduled_ns_; }
  [[nodiscard]] std::uint64_t began_ns() const noexcept { return began_ns_; }
  [[nodiscard]] std::chrono::nanoseconds lateness() const noexcept {
    return std::chrono::nanoseconds(began_ns_ - scheduled_ns_);
  }
  /// Number of cycles that were skipped just before this one.
  [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }

 private:
  friend class Cycles;
  friend struct detail::WaitSetState;

  /// Takes the cycle that is due.
  void take(detail::CycleSchedule& schedule, std::uint64_t now_ns) noexcept {
    missed_ = schedule.take(now_ns);
    scheduled_ns_ = schedule.taken_ns();
    began_ns_ = now_ns;
    ++number_;
  }

  std::uint64_t number_ = 0;
  std::uint64_t scheduled_ns_ = 0;
  std::uint64_t began_ns_ = 0;
  std::uint64_t missed_ = 0;
};

/// The cycles of one thread, see `cycles`.
class Cycles {
 public:
  Cycles(std::chrono::nanoseconds period, CycleOptions options,
         const std::atomic<bool>* stop) noexcept;

  class Iterator {
   public:
    using value_type = Cycle;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    explicit Iterator(Cycles& cycles) noexcept : cycles_(&cycles), over_(!cycles.wait()) {}
    const Cycle& operator*() const noexcept { return cycles_->cycle_; }
    const Cycle* operator->() const noexcept { return &cycles_->cycle_; }
    Iterator& operator++() noexcept {
      over_ = !cycles_->wait();
      return *this;
    }
    void operator++(int) noexcept { ++*this; }
    bool operator==(std::default_sentinel_t /*end*/) const noexcept { return over_; }

   private:
    Cycles* cycles_;
    bool over_;
  };

  /// Sleeps until the first cycle.
  [[nodiscard]] Iterator begin() noexcept { return Iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  /// Sleeps until the next cycle; false if it is to stop.
  bool wait() noexcept;
  [[nodiscard]] bool is_stopped() const noexcept;

  detail::CycleSchedule schedule_;
  const std::atomic<bool>* stop_;
  Cycle cycle_;
};

/// `for (const evo::Cycle& cycle : evo::cycles(1ms))` runs its body once per period. A period of
/// less than 1 ns counts as 1 ns.
///
/// The loop ends when `*stop` becomes true. A signal handler may set it: a signal ends the sleep,
/// unless it arrives just before the sleep; then the loop ends one period later. A WaitSet with
/// `add_cycle` ends without that delay.
[[nodiscard]] inline Cycles cycles(std::chrono::nanoseconds period, CycleOptions options = {},
                                   const std::atomic<bool>* stop = nullptr) noexcept {
  return {period, options, stop};
}

}  // namespace evo
