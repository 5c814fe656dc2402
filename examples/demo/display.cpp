// SPDX-License-Identifier: Apache-2.0
#include "demo/display.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "evo/clock.hpp"

namespace evo::machine {

namespace {

constexpr std::uint64_t kRedrawNs = 100'000'000;
constexpr std::uint64_t kPlainNs = 1'000'000'000;

bool can_move_its_cursor() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

winsize terminal_size() {
  winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  if (!known || size.ws_col == 0 || size.ws_row == 0) return {24, 80, 0, 0};
  return size;
}

}  // namespace

std::vector<std::string> fitted(std::vector<std::string> lines, std::size_t columns,
                                std::size_t rows) {
  const std::size_t room = rows > 1 ? rows - 1 : 1;
  if (lines.size() > room) {
    const std::size_t missing = lines.size() - room + 1;
    lines.resize(room);
    lines.back() = fmt::format("  {} more lines; make the terminal taller", missing);
  }
  for (std::string& line : lines) {
    if (line.size() > columns) line = line.substr(0, columns - 1) + "…";
  }
  return lines;
}

Display::Display(bool plain) : plain_(plain || !can_move_its_cursor()) {}

void Display::show(const Monitor& monitor, const Progress& progress) {
  const std::uint64_t now_ns = monotonic_ns();
  if (now_ns < next_ns_) return;
  next_ns_ = now_ns + (plain_ ? kPlainNs : kRedrawNs);
  if (plain_) {
    print(render_line(monitor, progress));
  } else {
    redraw(render_table(monitor, progress));
  }
}

void Display::redraw(const std::vector<std::string>& table) {
  // A line longer than the terminal's width would take two rows, and a table higher than the
  // terminal would scroll; the cursor would then return to the wrong place.
  const winsize size = terminal_size();
  const std::vector<std::string> lines = fitted(table, size.ws_col, size.ws_row);
  std::string text;
  if (drawn_lines_ > 0) text = fmt::format("\x1b[{}F", drawn_lines_);
  // Each line is cleared first: clearing after a line that fills the terminal would erase its last
  // letter.
  for (const std::string& line : lines) text += "\x1b[K" + line + '\n';
  text += "\x1b[J";  // the rest of a higher table
  drawn_lines_ = lines.size();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Display::print(std::string_view line) {
  drawn_lines_ = 0;  // the table drawn last stays above the line
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

bool Display::alive() const {
  return std::ferror(stdout) == 0;
}

}  // namespace evo::machine
