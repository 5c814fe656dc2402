// SPDX-License-Identifier: Apache-2.0
/// Renders the display of `top`: a model, or one segment, as the lines of a screen.
///
/// Every function returns exactly the screen's number of lines, none wider than the screen.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/terminal.hpp"
#include "top/model.hpp"

namespace evo::tools {

/// Display settings.
struct TopView {
  TerminalSize size;
  bool colours = false;
  bool paused = false;
  std::string domain;
  std::optional<std::string> typing{};  ///< a filter that is being typed
  std::size_t first = 0;                ///< position of the first row, or line of a page, on screen
};

/// Number of rows that fit into the table.
[[nodiscard]] std::size_t room_for_rows(TerminalSize size);

/// Number of text lines that fit into a page.
[[nodiscard]] std::size_t room_for_lines(TerminalSize size);

/// The first row to show: `before`, scrolled only as far as the selection requires.
[[nodiscard]] std::size_t first_row(const TopModel& model, TerminalSize size, std::size_t before);

/// All segments that the model shows, from `view.first` on.
[[nodiscard]] std::vector<std::string> table_screen(const TopModel& model, const TopView& view);

/// Text under a title, from line `view.first` on: a segment, or the keys.
[[nodiscard]] std::vector<std::string> page_screen(std::string_view title,
                                                   const std::vector<std::string>& text,
                                                   const TopView& view);

/// The keys and what they do.
[[nodiscard]] std::vector<std::string> key_help();

/// All rows that the model shows as a plain table; for a pipe.
[[nodiscard]] std::string plain_table(const TopModel& model, bool colours, std::size_t width);

}  // namespace evo::tools
