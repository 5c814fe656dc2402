// SPDX-License-Identifier: Apache-2.0
#include "common/module.hpp"
#include "evo/format.hpp"

namespace evo::machine {

void ModuleOptions::add_domain_to(Arguments& arguments) {
  arguments.text("domain", "DIR", "directory of the segments (default: what EVO_DOMAIN says)",
                 domain_path);
}

void ModuleOptions::add_to(Arguments& arguments) {
  add_domain_to(arguments);
  arguments.whole_number("priority", "ask for SCHED_FIFO of this priority (default: 50)", priority,
                         1, 99);
  arguments.flag("no-real-time", "ask for neither SCHED_FIFO nor locked memory", real_time, false);
}

Domain ModuleOptions::domain() const {
  return domain_path.empty() ? Domain::from_environment() : Domain(domain_path);
}

RealTimeReport ModuleOptions::ask_for_real_time() const {
  if (!real_time) {
    return {.scheduling = "OTHER (not asked for more)", .memory = "not locked (not asked for)"};
  }
  // Not Future: that would fault in the whole stacks of the threads that hal_core starts next, and
  // the loop would wait about 5 ms for it.
  const auto report = rt::enter({.priority = priority, .memory = rt::MemoryLock::Present});
  if (!report) {
    return {.scheduling = fmt::format("unchanged ({})", report.error()), .memory = "not locked"};
  }
  return {.scheduling =
              report->policy == rt::Policy::Fifo
                  ? fmt::format("FIFO {}", report->priority)
                  : fmt::format("{} ({})", to_string(report->policy), report->scheduling_note),
          .memory = report->memory_locked ? "locked"
                                          : fmt::format("not locked ({})", report->memory_note)};
}

void log_start(const Log& log, const RealTimeReport& report, std::uint64_t incarnation,
               std::uint64_t create_duration_ns) {
  log.info("started", {{"incarnation", incarnation},
                       {"create_ns", create_duration_ns},
                       {"scheduling", report.scheduling},
                       {"memory", report.memory}});
}

void log_summary(const Log& log, const CycleStatistics& cycles, const LatencyHistogram& writes,
                 const InputStatistics& inputs) {
  log.info("summary", {{"cycles", cycles.cycles()},
                       {"misses", cycles.misses()},
                       {"lateness_max_ns", cycles.lateness_max_ns()},
                       {"write_p50_ns", writes.quantile_ns(0.5)},
                       {"write_p99_ns", writes.quantile_ns(0.99)},
                       {"write_max_ns", writes.max_ns()},
                       {"read_p50_ns", inputs.latency.quantile_ns(0.5)},
                       {"read_p99_ns", inputs.latency.quantile_ns(0.99)},
                       {"read_max_ns", inputs.latency.max_ns()},
                       {"reads", inputs.reads},
                       {"retries", inputs.retries},
                       {"contended", inputs.contended},
                       {"torn", inputs.torn},
                       {"vanished", inputs.vanished}});
}

}  // namespace evo::machine
