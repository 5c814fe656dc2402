// SPDX-License-Identifier: Apache-2.0
/// Common parts of the four modules: their options, and what they log at start and end.
#pragma once

#include <string>

#include "common/arguments.hpp"
#include "common/cycle_statistics.hpp"
#include "common/input.hpp"
#include "common/log.hpp"
#include "evo/domain.hpp"
#include "evo/real_time.hpp"

namespace evo::machine {

/// Real-time settings that the system granted to a module, as text.
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

  /// The domain of --domain, otherwise the one in EVO_DOMAIN.
  [[nodiscard]] Domain domain() const;

  /// Requests SCHED_FIFO and locked memory, unless disabled; the report includes refusals.
  [[nodiscard]] RealTimeReport ask_for_real_time() const;
};

/// The line that a periodic module logs when it runs.
void log_start(const Log& log, const RealTimeReport& report, std::uint64_t incarnation,
               std::uint64_t create_duration_ns);

/// The line that a periodic module logs when it ends: results for its deadlines, its writes and its
/// reads.
void log_summary(const Log& log, const CycleStatistics& cycles, const LatencyHistogram& writes,
                 const InputStatistics& inputs);

}  // namespace evo::machine
