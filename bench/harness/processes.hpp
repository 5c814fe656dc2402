// SPDX-License-Identifier: Apache-2.0
/// Processes that are measured together.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace evo::bench {

/// Memory shared by children and their parent.
template <class T>
class Shared {
 public:
  Shared() {
    void* memory =
        ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap failed");
    value_ = new (memory) T;
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { ::munmap(value_, sizeof(T)); }

  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  T* value_;
};

/// A point where processes wait for each other; each can pass it any number of times.
class Barrier {
 public:
  /// Returns when `processes` processes have called it as often as this one.
  void wait_for(std::uint32_t processes);

 private:
  std::atomic<std::uint32_t> arrived_{0};
};

/// One process: its body runs in a forked child on this core; the child ends with its parent.
struct Process {
  int core;
  std::function<void()> body;
};

/// Runs them all, and returns when all have ended. Ends the program if one of them fails.
void run_together(const std::vector<Process>& processes);

/// Prints the reason on stderr and ends the process, and with it the program.
[[noreturn]] void give_up(const std::string& why);

}  // namespace evo::bench
