// SPDX-License-Identifier: Apache-2.0
/// Two threads that execute one step at a time, in an order that the test chooses.
///
/// A step is what a thread does between two calls of the step hook. Exactly one thread runs at any
/// time, so every schedule is deterministic and can be enumerated.
#pragma once

#include <array>
#include <functional>
#include <semaphore>
#include <thread>
#include <vector>

#include "evo/detail/step_hook.hpp"

namespace evo::test {

class Actor {
 public:
  /// Starts `program`, which stops before its first step.
  explicit Actor(std::function<void()> program)
      : thread_([this, run = std::move(program)] {
          self_ = this;
          detail::step_hook = [](detail::Step) { self_->pause(); };
          pause();  // the start counts as a step, so that even the first access is driven
          run();
          done_ = true;
          paused_.release();
        }) {
    paused_.acquire();
  }
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  ~Actor() {
    finish();
    thread_.join();
  }

  /// Lets the program continue to its next step; false if it has ended.
  bool step() {
    if (done_) return false;
    go_.release();
    paused_.acquire();
    return true;
  }

  void finish() {
    while (step()) {
    }
  }

  [[nodiscard]] bool done() const { return done_; }

 private:
  void pause() {
    paused_.release();
    go_.acquire();
  }

  static inline thread_local Actor* self_ = nullptr;

  std::binary_semaphore go_{0};
  std::binary_semaphore paused_{0};
  bool done_ = false;  // handed over with the semaphores
  std::thread thread_;
};

/// Enumerates every order in which two actors can execute their steps. `run(choose)` plays one
/// schedule; it asks `choose()` which of two enabled actors takes the next step.
class Schedules {
 public:
  /// Plays all schedules and returns how many there were.
  std::size_t explore(const std::function<void(const std::function<bool()>&)>& run) {
    std::size_t count = 0;
    do {
      position_ = 0;
      run([this] { return next(); });
      ++count;
    } while (advance());
    return count;
  }

 private:
  bool next() {
    if (position_ == choices_.size()) choices_.push_back(false);
    return choices_[position_++];
  }

  /// The next schedule in depth-first order; false after the last.
  bool advance() {
    choices_.resize(position_);
    while (!choices_.empty() && choices_.back()) choices_.pop_back();
    if (choices_.empty()) return false;
    choices_.back() = true;
    return true;
  }

  std::vector<bool> choices_;
  std::size_t position_ = 0;
};

/// Plays both actors to their end in the order that `choose` gives.
inline void interleave(Actor& first, Actor& second, const std::function<bool()>& choose) {
  while (!first.done() || !second.done()) {
    if (first.done()) {
      second.step();
    } else if (second.done()) {
      first.step();
    } else if (choose()) {
      first.step();
    } else {
      second.step();
    }
  }
}

}  // namespace evo::test
