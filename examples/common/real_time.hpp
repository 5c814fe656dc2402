/// What a module asks of the system to meet its deadlines, and what it gets.
#pragma once

#include <string>

namespace evo::cell {

struct RealTimeReport {
  std::string scheduling;  ///< "FIFO 50", or "OTHER" with the reason
  std::string memory;      ///< "locked", or "not locked" with the reason
};

/// Asks for SCHED_FIFO of this priority for the calling thread and locks the pages that the
/// process has now. Neither is needed: what is refused is told in the report. Threads started
/// later run as SCHED_OTHER, and memory mapped later is not locked.
[[nodiscard]] RealTimeReport ask_for_real_time(int priority);

/// The report of a module that was told not to ask.
[[nodiscard]] RealTimeReport no_real_time();

}  // namespace evo::cell
