// SPDX-License-Identifier: Apache-2.0
#include "evo/real_time.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "evo/detail/waiting.hpp"
#include "evo/format.hpp"
#include "real_time/calling_thread.hpp"

namespace evo::rt {

namespace {

rlim_t limit_of(__rlimit_resource resource) {
  rlimit limit{};
  ::getrlimit(resource, &limit);
  return limit.rlim_cur;
}

std::string readable(rlim_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : fmt::format("{}", limit);
}

Result<void> check(const Options& options) {
  const int lowest = ::sched_get_priority_min(SCHED_FIFO);
  const int highest = ::sched_get_priority_max(SCHED_FIFO);
  if (options.priority && (*options.priority < lowest || *options.priority > highest)) {
    return make_error(ErrorCode::Unsupported,
                      "SCHED_FIFO has no priority {}; give one from {} to {}, or none",
                      *options.priority, lowest, highest);
  }
  const std::vector<int> present = detail::present_cpus();
  for (const int cpu : options.cpus) {
    if (!std::binary_search(present.begin(), present.end(), cpu)) {
      return make_error(ErrorCode::Unsupported, "there is no CPU {}; choose from {}", cpu,
                        fmt::join(present, ", "));
    }
  }
  return {};
}

std::string why_not_fifo(int priority, int error) {
  std::string note = fmt::format("SCHED_FIFO {} refused: {}", priority, std::strerror(error));
  if (error != EPERM) return note;
  const rlim_t limit = limit_of(RLIMIT_RTPRIO);
  if (limit >= static_cast<rlim_t>(priority)) {
    // The limit is not the reason.
    return note + "; the control group may have no real-time share (cpu.rt_runtime_us)";
  }
  return note + fmt::format(
                    "; RLIMIT_RTPRIO is {}: raise it (ulimit -r, or LimitRTPRIO={} in the unit), "
                    "or grant CAP_SYS_NICE",
                    readable(limit), priority);
}

void ask_for_fifo(int priority, Report& report) {
  sched_param parameters{};
  parameters.sched_priority = priority;
  if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) != 0) {
    report.scheduling_note = why_not_fifo(priority, errno);
  }
}

void ask_for_cpus(const std::vector<int>& cpus, Report& report) {
  const int error = detail::set_affinity(cpus);
  // The kernel silently leaves out the cores that it cannot grant, unless none remains.
  if (error == 0 || error == EINVAL) {
    const std::vector<int> given = error == 0 ? detail::affinity() : std::vector<int>{};
    report.cpus_note = detail::why_not_cpus(cpus, given, detail::online_cpus());
  } else {
    report.cpus_note = fmt::format("the requested cores were refused: {}", std::strerror(error));
  }
}

/// What happens to memory that is mapped from now on.
enum class Future : std::uint8_t { Locked, NotLocked, Refused };

/// Maps as much as RLIMIT_MEMLOCK would let this process lock if it had not locked anything yet.
/// Only the kernel's answer matters: with PROT_NONE, no page is allocated.
Future try_future() {
  const auto page = static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  const rlim_t limit = limit_of(RLIMIT_MEMLOCK);
  const rlim_t size = limit == RLIM_INFINITY ? page : std::max(limit, page);
  const std::uint64_t before = detail::locked_bytes();
  void* address = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return errno == EAGAIN ? Future::Refused : Future::NotLocked;
  const bool locked = detail::locked_bytes() > before;
  ::munmap(address, size);
  return locked ? Future::Locked : Future::NotLocked;
}

std::string why_not_locked(int error) {
  std::string note = fmt::format("mlockall refused: {}", std::strerror(error));
  if (error != ENOMEM && error != EPERM && error != EAGAIN) return note;
  return note + fmt::format(
                    "; the process has {} bytes mapped and RLIMIT_MEMLOCK is {} bytes: raise it "
                    "(ulimit -l, or LimitMEMLOCK= in the unit), or grant CAP_IPC_LOCK",
                    detail::mapped_bytes(), readable(limit_of(RLIMIT_MEMLOCK)));
}

void ask_for_memory(MemoryLock asked, Report& report) {
  const bool with_future = asked == MemoryLock::PresentAndFuture;
  if (::mlockall(with_future ? MCL_CURRENT | MCL_FUTURE : MCL_CURRENT) != 0) {
    report.memory_note = why_not_locked(errno);
    return;
  }
  report.memory_locked = detail::locked_bytes() > 0;
  if (!report.memory_locked) {
    report.memory_note =
        "mlockall succeeded, but VmLck of /proc/self/status counts nothing as locked: a sanitizer "
        "replaces mlockall, or /proc is not mounted";
    return;
  }
  if (!with_future) return;
  const Future future = try_future();
  report.future_memory_locked = future == Future::Locked;
  if (future == Future::Refused) {
    // With the flag set, mappings, allocations and threads would fail at the limit.
    ::mlockall(MCL_CURRENT);
    report.memory_note = fmt::format(
        "memory mapped from now on is not locked: with RLIMIT_MEMLOCK at {} bytes, mapping it "
        "could fail; raise it (ulimit -l unlimited, or LimitMEMLOCK=infinity in the unit), or "
        "grant CAP_IPC_LOCK",
        readable(limit_of(RLIMIT_MEMLOCK)));
  } else if (future == Future::NotLocked) {
    report.memory_note = "memory mapped from now on is not locked: the kernel does not count it";
  }
}

void touch_stack(std::size_t asked, Report& report) {
  const std::size_t room = detail::stack_room();
  report.stack_bytes = detail::touch_stack(std::min(asked, room));
  if (room < asked) {
    report.stack_note = fmt::format(
        "{} bytes of the stack were touched, not {}: it has no more; start the thread with a "
        "larger one (pthread_attr_setstacksize, ulimit -s), or ask for less",
        report.stack_bytes, asked);
  }
}

Policy policy_of(int number) {
  switch (number & ~SCHED_RESET_ON_FORK) {
    case SCHED_OTHER:
      return Policy::Other;
    case SCHED_FIFO:
      return Policy::Fifo;
    case SCHED_RR:
      return Policy::RoundRobin;
    case SCHED_BATCH:
      return Policy::Batch;
    case SCHED_IDLE:
      return Policy::Idle;
    case SCHED_DEADLINE:
      return Policy::Deadline;
    default:
      return Policy::Unknown;
  }
}

}  // namespace

std::string_view to_string(Policy policy) noexcept {
  switch (policy) {
    case Policy::Other:
      return "OTHER";
    case Policy::Fifo:
      return "FIFO";
    case Policy::RoundRobin:
      return "RR";
    case Policy::Batch:
      return "BATCH";
    case Policy::Idle:
      return "IDLE";
    case Policy::Deadline:
      return "DEADLINE";
    case Policy::Unknown:
      break;
  }
  return "unknown";
}

Result<Report> enter(const Options& options) {
  if (auto good = check(options); !good) return tl::unexpected(std::move(good.error()));
  Report report;
  if (!options.cpus.empty()) ask_for_cpus(options.cpus, report);
  // The stack first: touching its pages maps them, so that they are locked with the rest.
  if (options.stack_bytes > 0) touch_stack(options.stack_bytes, report);
  if (options.memory != MemoryLock::None) ask_for_memory(options.memory, report);
  // Last: locking takes a long time, and must not run at real-time priority, where it would delay
  // other threads.
  if (options.priority) ask_for_fifo(*options.priority, report);

  report.policy = policy_of(::sched_getscheduler(0));
  sched_param parameters{};
  if (::sched_getparam(0, &parameters) == 0) report.priority = parameters.sched_priority;
  report.cpus = detail::affinity();
  report.locked_bytes = detail::locked_bytes();
  return report;
}

void prepare() noexcept {
  static_cast<void>(detail::register_writer_for_wakes());
}

}  // namespace evo::rt
