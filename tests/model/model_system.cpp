// SPDX-License-Identifier: Apache-2.0
/// The kernel and the clock, as the threads of the explorer see them. The linker puts these in
/// place of the system calls (--wrap) and of the runtime's file locks.
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>

#include <cstdarg>
#include <ctime>
#include <span>
#include <vector>

#include "machine.hpp"
#include "system/fork_guard.hpp"
#include "system/kernel_lock.hpp"

namespace {

using evo::model::Machine;

/// How far the clock of a thread advances each time that the thread reads it.
constexpr std::uint64_t kTickNs = 30'000;

}  // namespace

extern "C" {

long __real_syscall(long number, ...);                       // NOLINT
int __real_clock_gettime(clockid_t clock, timespec* time);   // NOLINT
int __real_nanosleep(const timespec* time, timespec* rest);  // NOLINT

int __wrap_clock_gettime(clockid_t clock, timespec* time);  // NOLINT

long __wrap_syscall(long number, ...) {  // NOLINT
  std::va_list list;
  va_start(list, number);
  std::uint64_t a[6];
  for (std::uint64_t& each : a) each = va_arg(list, std::uint64_t);
  va_end(list);
  Machine* machine = Machine::running();
  if (machine == nullptr) return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  const auto* const word = reinterpret_cast<const void*>(a[0]);  // NOLINT
  if (number == SYS_futex && static_cast<int>(a[1]) == FUTEX_WAIT_BITSET) {
    const evo::model::FutexWord one{word, static_cast<std::uint32_t>(a[2])};
    machine->futex_wait({&one, 1});
  } else if (number == SYS_futex_waitv) {
    std::vector<evo::model::FutexWord> words;
    for (const futex_waitv& each : std::span(static_cast<const futex_waitv*>(word), a[1])) {
      words.push_back({reinterpret_cast<const void*>(each.uaddr),  // NOLINT
                       static_cast<std::uint32_t>(each.val)});
    }
    machine->futex_wait(words);
  } else if (number == SYS_clock_gettime) {
    return __wrap_clock_gettime(static_cast<clockid_t>(a[0]),
                                reinterpret_cast<timespec*>(a[1]));  // NOLINT
  } else if (number == SYS_futex && static_cast<int>(a[1]) == FUTEX_WAKE) {
    machine->futex_wake(word);
  } else if (number == SYS_membarrier &&
             static_cast<int>(a[0]) == MEMBARRIER_CMD_GLOBAL_EXPEDITED) {
    machine->barrier_everywhere();
  } else {
    std::abort();
  }
  return 0;
}

int __wrap_clock_gettime(clockid_t clock, timespec* time) {  // NOLINT
  Machine* machine = Machine::running();
  if (machine == nullptr) return __real_clock_gettime(clock, time);
  const std::uint64_t now = machine->tick() * kTickNs;
  *time = {static_cast<time_t>(now / 1'000'000'000U), static_cast<long>(now % 1'000'000'000U)};
  return 0;
}

int __wrap_nanosleep(const timespec* time, timespec* rest) {  // NOLINT
  return Machine::running() == nullptr ? __real_nanosleep(time, rest) : 0;
}
}

namespace evo::detail {

GuardedDescriptor::~GuardedDescriptor() = default;

bool GuardedDescriptor::is_open() const noexcept {
  return true;
}

bool lock_quietly(int /*fd*/, std::uint64_t byte, std::uint64_t count) noexcept {
  return Machine::running()->lock(byte, count);
}

void unlock(int /*fd*/, std::uint64_t byte, std::uint64_t count) noexcept {
  Machine::running()->unlock(byte, count);
}

}  // namespace evo::detail
