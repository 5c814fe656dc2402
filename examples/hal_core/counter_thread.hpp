/// Reads the computer's counters five times a second, outside the control cycle.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "hal_core/computer_counters.hpp"

namespace evo::cell {

class CounterThread {
 public:
  static constexpr std::chrono::milliseconds kPeriod{200};

  /// Starts the thread. Stop signals must be blocked by the caller meanwhile.
  CounterThread();
  CounterThread(const CounterThread&) = delete;
  CounterThread& operator=(const CounterThread&) = delete;
  ~CounterThread();

  /// Copies the newest counters into `value`, or, if the thread is just storing others, leaves
  /// it as it is. Never waits.
  void copy_latest_to(hal::PhysInputIo& value);

 private:
  void run();

  std::mutex mutex_;  // guards the three below; never held while files are read
  std::condition_variable stop_wanted_;
  ComputerCounters latest_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace evo::cell
