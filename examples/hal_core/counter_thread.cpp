// SPDX-License-Identifier: Apache-2.0
#include "hal_core/counter_thread.hpp"

namespace evo::machine {

CounterThread::CounterThread() : thread_([this] { run(); }) {}

CounterThread::~CounterThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stop_wanted_.notify_one();
  thread_.join();
}

void CounterThread::copy_latest_to(cell::hal::PhysInputIo& value) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock.owns_lock()) latest_.copy_to(value);
}

void CounterThread::run() {
  CounterReader reader;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    const ComputerCounters counters = reader.read();
    lock.lock();
    latest_ = counters;
    stop_wanted_.wait_for(lock, kPeriod, [this] { return stop_; });
  }
}

}  // namespace evo::machine
