/// A plot as text, and as SVG.
#pragma once

#include <string>
#include <vector>

#include "plot/series.hpp"
#include "text/terminal.hpp"

namespace evo::tools {

/// Title, lines of braille dots between their axes, the legend: as many lines as the size has
/// rows, none wider than its columns. Without colours the series differ in their dashes; the
/// legend shows them, and the least, greatest and last values.
[[nodiscard]] std::vector<std::string> chart_lines(const Plot& plot, TerminalSize size,
                                                   bool colours);

/// A drawing that needs no other file: axes with numbers, units, legend, caption.
[[nodiscard]] std::string chart_svg(const Plot& plot);

}  // namespace evo::tools
