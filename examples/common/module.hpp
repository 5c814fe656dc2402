/// What the four modules have in common: their options, and what they log at start and end.
#pragma once

#include <string>

#include "common/arguments.hpp"
#include "common/input.hpp"
#include "common/log.hpp"
#include "common/periodic_loop.hpp"
#include "evo/domain.hpp"
#include "evo/rt.hpp"

namespace evo::cell {

/// What the system gave a module to meet its deadlines, for people.
struct RealTimeReport {
  std::string scheduling;  ///< "FIFO 50", or "OTHER" with the reason
  std::string memory;      ///< "locked", or "not locked" with the reason
};

struct ModuleOptions {
  std::string domain_path;
  bool real_time = true;
  int priority = 50;

  /// Adds --domain, --priority and --no-real-time.
  void add_to(Arguments& arguments);
  /// Adds --domain alone.
  void add_domain_to(Arguments& arguments);

  /// --domain, else what EVO_DOMAIN says.
  [[nodiscard]] Domain domain() const;

  /// Asks for SCHED_FIFO and locked memory, unless told not to; what is refused is told.
  [[nodiscard]] RealTimeReport ask_for_real_time() const;
};

/// The line that a periodic module logs once it runs.
void log_start(const Log& log, const RealTimeReport& report, std::uint64_t incarnation,
               std::uint64_t create_duration_ns);

/// The line that a periodic module logs when it ends: what became of its deadlines, its writes
/// and its reads.
void log_summary(const Log& log, const PeriodicLoop& loop, const LatencyHistogram& writes,
                 const InputStatistics& inputs);

}  // namespace evo::cell
