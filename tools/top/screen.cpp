// SPDX-License-Identifier: Apache-2.0
#include "top/screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "evo/text.hpp"
#include "inspect/labels.hpp"
#include "text/duration.hpp"
#include "text/table.hpp"
#include "text/truncate.hpp"

namespace evo::tools {

namespace {

constexpr std::size_t kLinesAboveRows = 2;
constexpr std::size_t kLinesBelowRows = 1;
constexpr std::string_view kReverse = "\x1b[7m";
constexpr std::string_view kPlain = "\x1b[0m";

std::size_t lines_on(TerminalSize size) {
  return static_cast<std::size_t>(std::max(size.rows, 1));
}

std::size_t room(TerminalSize size, std::size_t taken) {
  return lines_on(size) > taken ? lines_on(size) - taken : 0;
}

/// `1.2 ms / 100 ms`: the age, and the age that the schema allows. `24 h ahead` for a stamp in the
/// future.
std::string age_against_limit(const TopRow& row, bool colours) {
  if (!row.info.age) {
    const bool ahead = row.info.stamp_ahead.count() != 0;
    return ahead ? coloured(Colour::Warning, in_words(row.info.stamp_ahead) + " ahead", colours)
                 : "-";
  }
  std::string text = in_words(*row.info.age);
  if (const std::uint64_t limit = row.info.layout.max_age_ns; limit != 0) {
    text += " / " + in_words(std::chrono::nanoseconds(limit));
  }
  const bool stale = row.info.freshness == Freshness::Stale;
  return coloured(stale ? Colour::Warning : Colour::Plain, text, colours);
}

std::string rate_of(const TopRow& row) {
  const auto rate = row.rate.per_second();
  return rate ? fmt::format("{:.4g}", *rate) : "-";
}

std::vector<std::string> cells_of(const TopRow& row, bool colours) {
  const SegmentInfo& info = row.info;
  const auto lag = row.greatest_lag();
  return {truncated(printable(info.name), 64),
          kind_of(info),
          coloured(colour_of_state(info), state_of(info), colours),
          info.module.empty() ? "-" : truncated(info.module, 32),
          info.writer_pid == 0 ? "-" : std::to_string(info.writer_pid),
          rate_of(row),
          age_against_limit(row, colours),
          readers_of(info),
          lag ? std::to_string(*lag) : "-",
          memory_of(info)};
}

/// The columns. On a screen they have a minimum width, so that they do not move while their numbers
/// change.
Table empty_table(bool on_screen) {
  const auto left = [&](std::string_view head, int width, int leaves) {
    return Column{fmt::format("{:<{}}", head, on_screen ? width : 0), Align::Left, leaves};
  };
  const auto right = [&](std::string_view head, int width, int leaves) {
    return Column{fmt::format("{:>{}}", head, on_screen ? width : 0), Align::Right, leaves};
  };
  std::vector<Column> columns{left("NAME", 20, 0),        left("KIND", 6, 3),
                              left("STATE", 6, 0),        left("MODULE", 12, 1),
                              right("PID", 7, 4),         right("RATE/S", 8, 6),
                              left("AGE / LIMIT", 17, 0), right("READERS", 7, 7),
                              right("LAG", 4, 5),         right("MEMORY", 8, 2)};
  columns.front().narrowing = Narrowing::Cut;
  return Table(std::move(columns));
}

std::string title_of(const TopModel& model, const TopView& view) {
  std::string text =
      fmt::format("{}: {} segment{}", view.domain, model.size(), model.size() == 1 ? "" : "s");
  if (const std::size_t wrong = model.count_wrong(); wrong != 0) {
    text += ", " + coloured(Colour::Bad, fmt::format("{} wrong", wrong), view.colours);
  }
  text +=
      fmt::format("; by {}{}", to_string(model.sort_key()), model.reversed() ? ", reversed" : "");
  if (!model.filter().empty()) {
    text += fmt::format("; {} with '{}'", model.shown().size(), model.filter());
  }
  return text;
}

/// A note on how many columns do not fit on the screen.
std::string left_out(const FittedTable& table) {
  const std::size_t count = table.left_out.size();
  if (count == 0) return "";
  return fmt::format("; {} column{} left out", count, count == 1 ? "" : "s");
}

/// In reverse video over its whole width, also after the colours of its cells.
std::string highlighted(std::string line, std::size_t width) {
  line.append(width - std::min(width, width_of(line)), ' ');
  for (std::size_t at = 0; (at = line.find(kPlain, at)) != std::string::npos;) {
    at += kPlain.size();
    line.insert(at, kReverse);
    at += kReverse.size();
  }
  return fmt::format("{}{}{}", kReverse, line, kPlain);
}

std::vector<std::string> fitted(std::vector<std::string> lines, TerminalSize size) {
  lines.resize(lines_on(size));
  const auto width = static_cast<std::size_t>(std::max(size.columns, 1));
  for (std::string& line : lines) line = truncated(line, width);
  return lines;
}

}  // namespace

std::size_t room_for_rows(TerminalSize size) {
  return room(size, kLinesAboveRows + kLinesBelowRows);
}

std::size_t room_for_lines(TerminalSize size) {
  return room(size, 3);
}

std::size_t first_row(const TopModel& model, TerminalSize size, std::size_t before) {
  const std::size_t rows = std::max<std::size_t>(room_for_rows(size), 1);
  const std::size_t shown = model.shown().size();
  std::size_t first = std::min(before, shown > rows ? shown - rows : 0);
  first = std::min(first, model.selected());
  return std::max(first, model.selected() >= rows ? model.selected() - rows + 1 : 0);
}

std::vector<std::string> table_screen(const TopModel& model, const TopView& view) {
  const std::size_t rows = room_for_rows(view.size);
  Table table = empty_table(true);
  const std::size_t end = std::min(model.shown().size(), view.first + rows);
  for (std::size_t i = view.first; i < end; ++i) {
    table.add(cells_of(*model.shown()[i], view.colours));
  }
  const auto width = static_cast<std::size_t>(std::max(view.size.columns, 1));
  const FittedTable fitting = table.fitted(width - std::min<std::size_t>(width, 2));
  std::vector<std::string> lines{title_of(model, view) + (view.paused ? "; paused" : "") +
                                 left_out(fitting)};
  std::size_t position = view.first;
  for (const std::string& line : lines_of(fitting.text)) {
    const bool is_head = lines.size() == 1;
    if (is_head) {
      lines.push_back(coloured(Colour::Bold, "  " + line, view.colours));
      continue;
    }
    const bool selected = position++ == model.selected();
    std::string marked = (selected ? "> " : "  ") + line;
    lines.push_back(selected && view.colours ? highlighted(std::move(marked), width)
                                             : std::move(marked));
  }
  if (model.shown().empty()) {
    lines.emplace_back(model.size() == 0 ? "  no segments yet"
                                         : "  no segment with this in its name");
  }
  lines.resize(std::max<std::size_t>(lines_on(view.size), 1) - 1);
  lines.push_back(view.typing
                      ? fmt::format("names with: {}_", *view.typing)
                      : coloured(Colour::Dim,
                                 "enter opens, n r a s l sort, / filters, space pauses, ? all "
                                 "keys, q quits",
                                 view.colours));
  return fitted(std::move(lines), view.size);
}

std::vector<std::string> page_screen(std::string_view title, const std::vector<std::string>& text,
                                     const TopView& view) {
  const std::size_t rows = room_for_lines(view.size);
  const std::size_t first = std::min(view.first, text.size());
  const std::size_t end = std::min(text.size(), first + rows);
  std::vector<std::string> lines{
      coloured(Colour::Bold, title, view.colours) + (view.paused ? "; paused" : ""), ""};
  for (std::size_t i = first; i < end; ++i) lines.push_back(text[i]);
  lines.resize(std::max<std::size_t>(lines_on(view.size), 1) - 1);
  std::string foot = "esc goes back";
  if (text.size() > rows) {
    foot = fmt::format("lines {} to {} of {}; arrows and page keys scroll, ", first + 1, end,
                       text.size()) +
           foot;
  }
  lines.push_back(coloured(Colour::Dim, foot, view.colours));
  return fitted(std::move(lines), view.size);
}

std::vector<std::string> key_help() {
  return {
      "up, down, k, j     select a segment; page keys, home and end too",
      "enter              open the selected segment: its fields, live",
      "esc, q             back to all segments",
      "n, r, a, s, l      sort by name, rate, age, state, greatest lag; again reverses",
      "/                  show only names that contain what is typed; enter keeps it,",
      "                   esc drops it",
      "space              pause: nothing is read until space is pressed again",
      "?, h               these keys",
      "q                  quit",
      "",
      "RATE/S counts publishes of the last one to two seconds. AGE / LIMIT compares",
      "the age of the last value with the max_age of its schema; 'ahead' means that",
      "its stamp is in the future, so that its age is unknown: see evo-shm validate.",
      "LAG is how many values of a stream its slowest reader has not read. A narrow",
      "screen leaves columns out; enter shows all of a segment.",
  };
}

std::string plain_table(const TopModel& model, bool colours, std::size_t width) {
  Table table = empty_table(false);
  for (const TopRow* row : model.shown()) table.add(cells_of(*row, colours));
  return table.text(width);
}

}  // namespace evo::tools
