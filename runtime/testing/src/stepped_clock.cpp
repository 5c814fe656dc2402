// SPDX-License-Identifier: Apache-2.0
#include "evo/testing/stepped_clock.hpp"

#include <dlfcn.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <ctime>
#include <stdexcept>

#include "protocol/counter_trust.hpp"

namespace {

using Offset = std::atomic<std::int64_t>;
static_assert(Offset::is_always_lock_free);

/// Shared with forked processes. Null: no clock was stepped in this process or its parents.
std::atomic<Offset*> shared_offset = nullptr;

using ClockGettime = int (*)(clockid_t, timespec*);

ClockGettime clock_of_the_machine() {
  static const auto found = reinterpret_cast<ClockGettime>(::dlsym(RTLD_NEXT, "clock_gettime"));
  return found;
}

}  // namespace

/// In place of the C library's, for the whole program.
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the C library's are
// reserved.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  const int result = clock_of_the_machine()(clock, time);
  // acquire: pairs with the store in the constructor of SteppedClock.
  const Offset* offset = shared_offset.load(std::memory_order_acquire);
  if (result != 0 || clock != CLOCK_MONOTONIC || offset == nullptr) return result;
  // relaxed: a number by itself; nothing is read through it.
  const std::int64_t ns = time->tv_nsec + offset->load(std::memory_order_relaxed);
  time->tv_sec += ns / kSecondNs;
  time->tv_nsec = ns % kSecondNs;
  return result;
}

namespace evo::testing {

SteppedClock::SteppedClock() {
  // relaxed, here and below: only this object's thread stores the pointer.
  if (shared_offset.load(std::memory_order_relaxed) == nullptr) {
    void* page =
        ::mmap(nullptr, sizeof(Offset), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::runtime_error("SteppedClock: no memory");
    // release: the zero before the pointer; pairs with the load in clock_gettime.
    shared_offset.store(new (page) Offset(0), std::memory_order_release);
  }
  // A stamp taken from the processor's counter would not notice the steps.
  evo::detail::distrust_counter(true);
}

SteppedClock::~SteppedClock() {
  // relaxed: as in clock_gettime.
  shared_offset.load(std::memory_order_relaxed)->store(0, std::memory_order_relaxed);
  evo::detail::distrust_counter(false);
}

void SteppedClock::advance(std::chrono::nanoseconds step) {
  if (step < std::chrono::nanoseconds(0)) {
    throw std::runtime_error("SteppedClock: CLOCK_MONOTONIC never goes back");
  }
  // relaxed: as in clock_gettime.
  shared_offset.load(std::memory_order_relaxed)->fetch_add(step.count(), std::memory_order_relaxed);
}

}  // namespace evo::testing
