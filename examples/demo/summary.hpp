/// What a run comes to: the figures, and whether it was a good one.
#pragma once

#include <string>
#include <vector>

#include "demo/cell.hpp"
#include "demo/monitor.hpp"

namespace evo::cell {

/// Everything that a run is judged by.
struct RunResult {
  double seconds = 0;            ///< how long the recipe ran
  double kill_at_seconds = 0;    ///< when hal_core was killed
  bool recipe_finished = false;  ///< whether its last step ran to the end
  std::vector<ModuleReport> modules;
  std::vector<std::string> leftovers;  ///< files still in the domain after all have ended
};

/// Mean absolute control error that passes, in percentage points: a computer that others use, too,
/// disturbs the worker more than a quiet one.
inline constexpr double kTolerance = 5.0;

/// What was not as it has to be, a sentence each; none: the run was good.
[[nodiscard]] std::vector<std::string> judge(const Monitor& monitor, const RunResult& result);

/// The summary, line by line.
[[nodiscard]] std::vector<std::string> summarize(const Monitor& monitor, const RunResult& result);

}  // namespace evo::cell
