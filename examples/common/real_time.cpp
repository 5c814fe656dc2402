#include "common/real_time.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

namespace evo::cell {

RealTimeReport ask_for_real_time(int priority) {
  RealTimeReport report;
  sched_param parameters{};
  parameters.sched_priority = priority;
  // RESET_ON_FORK: threads and processes started from here fall back to SCHED_OTHER.
  if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) == 0) {
    report.scheduling = fmt::format("FIFO {}", priority);
  } else {
    report.scheduling = fmt::format("OTHER (SCHED_FIFO refused: {})", std::strerror(errno));
  }
  // Not MCL_FUTURE: where RLIMIT_MEMLOCK is small, it would make later mappings fail.
  if (::mlockall(MCL_CURRENT) == 0) {
    report.memory = "locked";
  } else {
    report.memory = fmt::format("not locked (mlockall refused: {})", std::strerror(errno));
  }
  return report;
}

RealTimeReport no_real_time() {
  return {.scheduling = "OTHER (not asked for more)", .memory = "not locked (not asked for)"};
}

}  // namespace evo::cell
