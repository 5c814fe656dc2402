/// The machine itself: a thread that works for a set part of each PWM period.
///
///   |#########...............|####..####..####.......|
///    works for duty x 10 ms   the same, interrupted by others
///
/// A pulse is so much work, in processor time, and ends with its period at the latest. What the
/// scheduler, other load and stolen time hold up for longer than the pauses last is lost: that is
/// the disturbance, and the thread's processor clock, the sensor, shows it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <thread>

#include "evo/error.hpp"

namespace evo::cell {

/// One look at the sensor.
struct WorkerSample {
  std::uint64_t at_ns = 0;        ///< CLOCK_MONOTONIC
  std::uint64_t cpu_time_ns = 0;  ///< processor time of the worker since its start
};

class Worker {
 public:
  static constexpr std::chrono::milliseconds kPwmPeriod{10};

  /// Starts the thread, idle. Stop signals must be blocked by the caller meanwhile. If
  /// `prefer` is set and the system allows it, ordinary load gets out of the worker's way.
  explicit Worker(bool prefer);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  /// Ends the thread within a PWM period.
  ~Worker();

  /// Sets the duty cycle, 0 to 1, of the PWM periods to come.
  void set_duty(float duty) noexcept;

  /// Reads the sensor: two system calls and no lock. Io if the clock cannot be had.
  [[nodiscard]] Result<WorkerSample> sample() const;

 private:
  void run() const;

  std::atomic<float> duty_{0};
  std::atomic<bool> stop_{false};
  bool prefer_;
  clockid_t clock_{};
  int clock_error_ = 0;  // of asking for the clock; 0: there is one
  std::thread thread_;
};

}  // namespace evo::cell
