// SPDX-License-Identifier: Apache-2.0
/// Renders a plot as text or as SVG.
#pragma once

#include <string>
#include <vector>

#include "plot/series.hpp"
#include "text/terminal.hpp"

namespace evo::tools {

/// Title, lines of braille dots between their axes, and the legend. Returns exactly `size.rows`
/// lines, none wider than `size.columns`. Without colours, dash patterns distinguish the series;
/// the legend shows them, and the least, greatest and last values.
[[nodiscard]] std::vector<std::string> chart_lines(const Plot& plot, TerminalSize size,
                                                   bool colours);

/// A self-contained drawing: axes with numbers, units, legend, caption.
[[nodiscard]] std::string chart_svg(const Plot& plot);

}  // namespace evo::tools
