/// Which core a program runs on, and how far it is from another one.
#pragma once

#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <vector>

#include "evo/clock.hpp"

namespace evo::bench {

/// The cores that this process might use when it first asked, before it pinned itself to one.
inline const std::vector<int>& usable_cores() {
  static const std::vector<int> cores = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> found;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return found;
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (CPU_ISSET(core, &set)) found.push_back(core);
    }
    return found;
  }();
  return cores;
}

inline void pin_to_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

/// Memory that children share with their parent.
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

/// Runs `body()` in a child on this core; ends with its parent.
template <class Body>
pid_t fork_on(int core, Body&& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin_to_core(core);
  body();
  ::_exit(0);
}

/// Nanoseconds that a cache line takes one way between two cores: half of a round trip, median of
/// many short series. What is faster than this is not a message between the two.
inline std::uint64_t line_latency_ns(int here, int there) {
  constexpr int kSeries = 101;
  constexpr std::uint64_t kRounds = 200;
  struct alignas(64) Line {
    std::atomic<std::uint64_t> turn{0};
  };
  const Shared<Line> line;
  const pid_t child = fork_on(there, [&] {
    for (std::uint64_t n = 1; n < 2 * kRounds * kSeries; n += 2) {
      // acquire and release: the whole message is this word.
      while (line->turn.load(std::memory_order_acquire) != n) {
      }
      line->turn.store(n + 1, std::memory_order_release);
    }
  });
  pin_to_core(here);
  std::vector<std::uint64_t> series;
  std::uint64_t n = 0;
  for (int i = 0; i < kSeries; ++i) {
    const std::uint64_t start = monotonic_ns();
    for (std::uint64_t round = 0; round < kRounds; ++round, n += 2) {
      line->turn.store(n + 1, std::memory_order_release);
      while (line->turn.load(std::memory_order_acquire) != n + 2) {
      }
    }
    series.push_back((monotonic_ns() - start) / (2 * kRounds));
  }
  ::waitpid(child, nullptr, 0);
  std::nth_element(series.begin(), series.begin() + kSeries / 2, series.end());
  return series[kSeries / 2];
}

/// The host moves virtual cores closer and farther. A line takes around 55 ns or around 225 ns.
inline constexpr std::uint64_t kFarNs = 120;

}  // namespace evo::bench
