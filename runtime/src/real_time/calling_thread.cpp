// SPDX-License-Identifier: Apache-2.0
#include "real_time/calling_thread.hpp"

#include <alloca.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>

namespace evo::detail {

namespace {

/// The maximum that Linux can be built for. The kernel refuses to fill in a mask that is too small
/// for its configuration, and glibc's cpu_set_t ends at 1024.
constexpr std::size_t kMostCpus = 8192;

struct FreeMask {
  void operator()(cpu_set_t* mask) const noexcept { CPU_FREE(mask); }
};
using Mask = std::unique_ptr<cpu_set_t, FreeMask>;

Mask empty_mask() {
  Mask mask(CPU_ALLOC(kMostCpus));
  if (mask) CPU_ZERO_S(CPU_ALLOC_SIZE(kMostCpus), mask.get());
  return mask;
}

std::vector<int> cpus_in(const char* path) {
  std::ifstream file(path);
  std::string line;
  if (std::getline(file, line)) return parse_cpu_list(line);
  // Without sysfs, the C library still knows how many there are.
  std::vector<int> cpus(static_cast<std::size_t>(std::max(::sysconf(_SC_NPROCESSORS_CONF), 0L)));
  std::iota(cpus.begin(), cpus.end(), 0);
  return cpus;
}

std::uint64_t status_bytes(std::string_view wanted) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream fields(line);
    std::string key;
    std::uint64_t kilobytes = 0;
    if (fields >> key >> kilobytes && key == wanted) return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

std::vector<int> parse_cpu_list(std::string_view text) {
  std::vector<int> cpus;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    int first = 0;
    const auto first_read = std::from_chars(at, end, first);
    if (first_read.ec != std::errc()) break;
    at = first_read.ptr;
    int last = first;
    if (at != end && *at == '-') {
      const auto last_read = std::from_chars(at + 1, end, last);
      if (last_read.ec != std::errc()) break;
      at = last_read.ptr;
    }
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (at != end && *at == ',') ++at;
  }
  return cpus;
}

std::vector<int> present_cpus() {
  return cpus_in("/sys/devices/system/cpu/present");
}

std::vector<int> online_cpus() {
  return cpus_in("/sys/devices/system/cpu/online");
}

std::string why_not_cpus(const std::vector<int>& asked, const std::vector<int>& given,
                         const std::vector<int>& online) {
  std::string note;
  for (const int cpu : asked) {
    if (std::binary_search(given.begin(), given.end(), cpu)) continue;
    if (!note.empty()) note += "; ";
    if (std::binary_search(online.begin(), online.end(), cpu)) {
      note += fmt::format(
          "core {} is outside of this process's cpuset: add it (AllowedCPUs= in the unit, or "
          "cpuset.cpus of its control group)",
          cpu);
    } else {
      note += fmt::format(
          "core {} is offline: switch it on (echo 1 > /sys/devices/system/cpu/cpu{}/online)", cpu,
          cpu);
    }
  }
  return note;
}

int set_affinity(const std::vector<int>& cpus) {
  const Mask mask = empty_mask();
  if (!mask) return ENOMEM;
  constexpr std::size_t size = CPU_ALLOC_SIZE(kMostCpus);
  for (const int cpu : cpus) CPU_SET_S(static_cast<std::size_t>(cpu), size, mask.get());
  return ::sched_setaffinity(0, size, mask.get()) == 0 ? 0 : errno;
}

std::vector<int> affinity() {
  std::vector<int> cpus;
  const Mask mask = empty_mask();
  constexpr std::size_t size = CPU_ALLOC_SIZE(kMostCpus);
  if (!mask || ::sched_getaffinity(0, size, mask.get()) != 0) return cpus;
  for (std::size_t cpu = 0; cpu < kMostCpus; ++cpu) {
    if (CPU_ISSET_S(cpu, size, mask.get())) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

std::uint64_t locked_bytes() {
  return status_bytes("VmLck:");
}

std::uint64_t mapped_bytes() {
  return status_bytes("VmSize:");
}

std::size_t stack_room() {
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return 0;
  void* lowest = nullptr;
  std::size_t size = 0;
  ::pthread_attr_getstack(&attributes, &lowest, &size);
  ::pthread_attr_destroy(&attributes);
  // Needed by touch_stack() itself and by a signal handler.
  constexpr std::size_t kReserve = std::size_t{32} * 1024;
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const auto end = reinterpret_cast<std::uintptr_t>(lowest) + kReserve;
  return here > end ? here - end : 0;
}

[[gnu::noinline]] std::size_t touch_stack(std::size_t size) {
  if (size == 0) return 0;
  constexpr std::size_t kPage = 4096;  // the smallest page size
  auto* stack = static_cast<volatile std::byte*>(alloca(size));
  // Downwards, as the stack grows: the kernel extends the main thread's stack page by page.
  for (std::size_t offset = size; offset > 0; offset -= std::min(offset, kPage)) {
    stack[offset - 1] = std::byte{0};
  }
  stack[0] = std::byte{0};
  return size;
}

}  // namespace evo::detail
