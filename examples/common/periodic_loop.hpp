/// A loop whose cycles begin at fixed times, however long each takes.
///
/// The deadlines are absolute times of CLOCK_MONOTONIC, one period apart: a late cycle does not
/// push the later ones back. Deadlines that have passed already are left out, so that a long
/// delay is followed by one cycle, not by a burst of them; the cycle that comes late counts as
/// one miss.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace evo::cell {

class PeriodicLoop {
 public:
  explicit PeriodicLoop(std::chrono::nanoseconds period) noexcept;

  /// Sleeps until the next deadline. Returns false, and sooner, if a stop signal has come.
  [[nodiscard]] bool wait() noexcept;

  /// When this cycle was meant to begin, and when it did, in nanoseconds of CLOCK_MONOTONIC.
  [[nodiscard]] std::uint64_t deadline_ns() const noexcept { return deadline_ns_; }
  [[nodiscard]] std::uint64_t began_ns() const noexcept { return began_ns_; }

  /// Cycles so far.
  [[nodiscard]] std::uint64_t cycles() const noexcept { return cycles_; }

  /// Cycles that began more than one period late.
  [[nodiscard]] std::uint64_t misses() const noexcept { return misses_; }

  /// The latest start of a cycle against its deadline.
  [[nodiscard]] std::uint64_t lateness_max_ns() const noexcept { return lateness_max_ns_; }

  /// How late cycles began: entry i counts those less than 2^i us late and not counted in an
  /// earlier entry, the last one all others.
  [[nodiscard]] const std::array<std::uint64_t, 16>& lateness_histogram() const noexcept {
    return lateness_histogram_;
  }

 private:
  void record(std::uint64_t lateness_ns) noexcept;

  std::uint64_t period_ns_;
  std::uint64_t deadline_ns_;
  std::uint64_t began_ns_;
  std::uint64_t cycles_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t lateness_max_ns_ = 0;
  std::array<std::uint64_t, 16> lateness_histogram_{};
};

/// Sleeps until a time of CLOCK_MONOTONIC; false if a signal ended the sleep.
bool sleep_until_ns(std::uint64_t deadline_ns) noexcept;

}  // namespace evo::cell
