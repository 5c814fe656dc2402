// SPDX-License-Identifier: Apache-2.0
/// Reads the computer's counters five times a second, outside the control cycle.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "hal_core/computer_counters.hpp"

namespace evo::machine {

class CounterThread {
 public:
  static constexpr std::chrono::milliseconds kPeriod{200};

  /// Starts the thread. The caller must have blocked the stop signals during the call.
  CounterThread();
  CounterThread(const CounterThread&) = delete;
  CounterThread& operator=(const CounterThread&) = delete;
  ~CounterThread();

  /// Copies the newest counters into `value`; leaves it unchanged if the thread is storing new ones
  /// at that moment. Never waits.
  void copy_latest_to(cell::hal::PhysInputIo& value);

 private:
  void run();

  std::mutex mutex_;  // guards the three members below; never held while files are read
  std::condition_variable stop_wanted_;
  ComputerCounters latest_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace evo::machine
