// SPDX-License-Identifier: Apache-2.0
#include "top/terminal_mode.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "evo/format.hpp"
#include "text/terminal.hpp"

namespace evo::tools {

namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";  // alternate screen, no cursor
constexpr std::string_view kLeave = "\x1b[0m\x1b[?25h\x1b[?1049l";
// A terminal that supports them shows a whole frame in one step; others ignore them.
constexpr std::string_view kBeginFrame = "\x1b[?2026h\x1b[H";
constexpr std::string_view kEndFrame = "\x1b[?2026l";
// Before the line, not after it: after a line as wide as the screen it erases the last letter.
constexpr std::string_view kClearLine = "\x1b[2K";

/// A terminal that accepts no output for this long is left as it is.
constexpr int kPatienceMs = 200;
/// Waits for the terminal until a key or a signal comes.
constexpr int kUntilWanted = -1;

/// Signals that would end or stop the program, or that concern the terminal.
sigset_t signals_taken() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH}) {
    ::sigaddset(&set, signal);
  }
  return set;
}

/// Reopens the terminal of stdout: only this open file description becomes non-blocking, not the
/// one that is shared with the shell.
int open_without_blocking() {
  std::array<char, 256> name{};
  if (::ttyname_r(STDOUT_FILENO, name.data(), name.size()) != 0) return -1;
  return ::open(name.data(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/// Stops this process like Ctrl-Z, until it is continued.
void stop_here() {
  sigset_t stop;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTSTP);
  // Pending while it is blocked, so the process stops at the next line.
  ::raise(SIGTSTP);
  ::sigprocmask(SIG_UNBLOCK, &stop, nullptr);
  ::sigprocmask(SIG_BLOCK, &stop, nullptr);
}

}  // namespace

Result<TerminalMode> TerminalMode::enter() {
  TerminalMode mode;
  if (::isatty(STDOUT_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &mode.before_) != 0) {
    return make_error(ErrorCode::Unsupported, "a full screen needs a terminal");
  }
  mode.out_ = open_without_blocking();
  if (mode.out_ < 0) return make_system_error(errno, "cannot open the terminal");
  const sigset_t set = signals_taken();
  mode.signals_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (mode.signals_ < 0) return make_system_error(errno, "cannot handle signals");
  ::sigprocmask(SIG_BLOCK, &set, &mode.mask_before_);
  // From here on the destructor restores everything.
  mode.active_ = true;
  if (!mode.take_screen()) return make_system_error(errno, "cannot set up the terminal");
  return mode;
}

bool TerminalMode::take_screen() {
  drawn_.clear();
  termios now{};
  if (::tcgetattr(STDIN_FILENO, &now) != 0) return false;
  // Otherwise the terminal is still in our mode.
  if ((now.c_lflag & ICANON) != 0) before_ = now;
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  // Immediately: waiting until the terminal has accepted all output may never end.
  return ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0 && put(kEnter, kPatienceMs) != Put::Gone;
}

void TerminalMode::give_screen_back() {
  // Unsent output blocks the sequence that restores the screen.
  if (put(kLeave, kPatienceMs) == Put::Stalled) {
    ::tcflush(out_, TCOFLUSH);
    static_cast<void>(put(kLeave, 0));
  }
  // Keys typed for the screen must not reach the shell.
  ::tcflush(STDIN_FILENO, TCIFLUSH);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

TerminalMode::TerminalMode(TerminalMode&& other) noexcept
    : active_(std::exchange(other.active_, false)),
      before_(other.before_),
      mask_before_(other.mask_before_),
      signals_(std::exchange(other.signals_, -1)),
      out_(std::exchange(other.out_, -1)),
      drawn_(std::move(other.drawn_)) {}

TerminalMode::~TerminalMode() {
  if (active_) {
    give_screen_back();
    // Signals that arrived in the meantime also ask for the end, which is in progress.
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) > 0) continue;
    ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  for (const int file : {signals_, out_}) {
    if (file >= 0) ::close(file);
  }
}

TerminalMode::Signal TerminalMode::take_signal() {
  signalfd_siginfo info{};
  if (::read(signals_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
    return Signal::None;
  }
  switch (info.ssi_signo) {
    case SIGTSTP:
      give_screen_back();
      stop_here();
      [[fallthrough]];
    case SIGCONT:
      // The terminal may have a new size, and the shell has changed its mode.
      return take_screen() ? Signal::Resize : Signal::End;
    case SIGWINCH:
      drawn_.clear();  // the terminal has moved the lines
      return Signal::Resize;
    default:
      return Signal::End;
  }
}

bool TerminalMode::wait_for_room(int patience_ms) const {
  std::array<pollfd, 3> ready{
      {{out_, POLLOUT, 0}, {signals_, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
  // A key or a signal is more urgent than a frame, but not than restoring the screen.
  const nfds_t watched = patience_ms < 0 ? ready.size() : 1;
  ::poll(ready.data(), watched, patience_ms);
  return ready[0].revents != 0;
}

TerminalMode::Put TerminalMode::put(std::string_view text, int patience_ms) const {
  while (!text.empty()) {
    const ssize_t count = ::write(out_, text.data(), text.size());
    if (count > 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      return Put::Gone;
    } else if (errno == EAGAIN && !wait_for_room(patience_ms)) {
      return Put::Stalled;
    }
  }
  return Put::Done;
}

std::string TerminalMode::take_input(bool* ended) const {
  std::array<char, 256> bytes{};
  const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (count > 0) return {bytes.data(), static_cast<std::size_t>(count)};
  *ended = count < 0 && errno != EINTR && errno != EAGAIN;
  return {};
}

bool TerminalMode::draw(const std::vector<std::string>& lines) {
  std::string frame(kBeginFrame);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // Not after the last one: it would scroll.
    frame.append(kClearLine)
        .append(terminal_text(lines[i]))
        .append(i + 1 == lines.size() ? "" : "\r\n");
  }
  frame += kEndFrame;
  if (frame == drawn_) return true;
  const Put put_so_far = put(frame, kUntilWanted);
  stalled_ = put_so_far == Put::Stalled;
  drawn_ = put_so_far == Put::Done ? std::move(frame) : "";
  return put_so_far != Put::Gone;
}

}  // namespace evo::tools
