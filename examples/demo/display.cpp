#include "demo/display.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "evo/clock.hpp"

namespace evo::cell {

namespace {

constexpr std::uint64_t kRedrawNs = 100'000'000;
constexpr std::uint64_t kPlainNs = 1'000'000'000;

bool can_move_its_cursor() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

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

void Display::redraw(const std::vector<std::string>& lines) {
  // A line that is longer than the terminal is wide would take two, and the cursor would come
  // back to the wrong place.
  const std::size_t width = terminal_width();
  std::string text;
  if (drawn_lines_ > 0) text = fmt::format("\x1b[{}F", drawn_lines_);
  for (const std::string& line : lines) text += line.substr(0, width - 1) + "\x1b[K\n";
  drawn_lines_ = lines.size();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Display::print(std::string_view line) {
  drawn_lines_ = 0;  // what was drawn stays above the line
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

bool Display::alive() const {
  return std::ferror(stdout) == 0;
}

}  // namespace evo::cell
