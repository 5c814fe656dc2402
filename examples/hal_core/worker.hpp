// SPDX-License-Identifier: Apache-2.0
/// The machine itself: a thread that works for a given part of each PWM period.
///
///   |#########...............|####..####..####.......|
///    works for duty x 10 ms   the same, interrupted by others
///
/// A pulse is a given amount of work, in processor time, and ends with its period at the latest.
/// Delays by the scheduler, other load and stolen time that exceed the pauses reduce the work done:
/// that is the disturbance, and the sensor, the thread's processor clock, shows it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <thread>

#include "evo/error.hpp"

namespace evo::machine {

/// One reading of the sensor.
struct WorkerSample {
  std::uint64_t at_ns = 0;        ///< CLOCK_MONOTONIC
  std::uint64_t cpu_time_ns = 0;  ///< processor time of the worker since its start
};

class Worker {
 public:
  static constexpr std::chrono::milliseconds kPwmPeriod{10};

  /// Starts the thread, idle. The caller must have blocked the stop signals during the call. If
  /// `prefer` is set and the system permits it, the worker has precedence over ordinary load.
  explicit Worker(bool prefer);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  /// Ends the thread within a PWM period.
  ~Worker();

  /// Sets the duty cycle, 0 to 1, of the following PWM periods.
  void set_duty(float duty) noexcept;

  /// Reads the sensor: two system calls and no lock. Io if the clock is unavailable.
  [[nodiscard]] Result<WorkerSample> sample() const;

 private:
  void run() const;

  std::atomic<float> duty_{0};
  std::atomic<bool> stop_{false};
  bool prefer_;
  clockid_t clock_{};
  int clock_error_ = 0;  // errno from obtaining the clock; 0: success
  std::thread thread_;
};

}  // namespace evo::machine
