// SPDX-License-Identifier: Apache-2.0
/// The display of a run in progress: a table for a terminal, a line for a log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "demo/monitor.hpp"

namespace evo::machine {

/// Progress of the run.
struct Progress {
  double seconds = 0;  ///< since the recipe began
  double total_seconds = 0;
  bool killed = false;  ///< whether hal_core has been killed
};

/// The table, line by line, without line ends; made for 80 columns.
[[nodiscard]] std::vector<std::string> render_table(const Monitor& monitor,
                                                    const Progress& progress);

/// The same as one line.
[[nodiscard]] std::string render_line(const Monitor& monitor, const Progress& progress);

/// A readable duration: "180 ns", "4.3 us", "12.0 ms", "1.2 s".
[[nodiscard]] std::string readable_time(std::uint64_t ns);

}  // namespace evo::machine
