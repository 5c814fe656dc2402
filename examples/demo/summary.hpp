// SPDX-License-Identifier: Apache-2.0
/// The results of a run: the figures, and whether it was successful.
#pragma once

#include <string>
#include <vector>

#include "demo/cell.hpp"
#include "demo/monitor.hpp"

namespace evo::machine {

/// Everything that a run is judged by.
struct RunResult {
  double seconds = 0;            ///< how long the recipe ran
  double kill_at_seconds = 0;    ///< when hal_core was killed
  bool recipe_finished = false;  ///< whether its last step ran to the end
  std::vector<ModuleReport> modules;
  std::vector<std::string> leftovers;  ///< files still in the domain after all modules have ended
};

/// Largest acceptable mean absolute control error, in percentage points: other load on a computer
/// disturbs the worker.
inline constexpr double kTolerance = 5.0;

/// The failures, one sentence each; empty: the run was successful.
[[nodiscard]] std::vector<std::string> judge(const Monitor& monitor, const RunResult& result);

/// The summary, line by line.
[[nodiscard]] std::vector<std::string> summarize(const Monitor& monitor, const RunResult& result);

}  // namespace evo::machine
