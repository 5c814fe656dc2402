#include "top/terminal_mode.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "text/terminal.hpp"

namespace evo::tools {

namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";  // alternate screen, no cursor
constexpr std::string_view kLeave = "\x1b[0m\x1b[?25h\x1b[?1049l";
// A terminal that knows them shows a frame all at once; others leave them out.
constexpr std::string_view kBeginFrame = "\x1b[?2026h\x1b[H";
constexpr std::string_view kEndFrame = "\x1b[?2026l";
// Before the line and not behind it: behind a line as wide as the screen it takes the last letter.
constexpr std::string_view kClearLine = "\x1b[2K";

/// A terminal that takes nothing for so long is left as it is.
constexpr int kPatienceMs = 200;
/// Waits for the terminal until a key or a signal comes.
constexpr int kUntilWanted = -1;

/// Signals that would end or stop the program, or that tell of the terminal.
sigset_t signals_taken() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH}) {
    ::sigaddset(&set, signal);
  }
  return set;
}

/// The terminal of stdout, opened once more: only this description becomes non-blocking, and not
/// the one that the shell has, too.
int open_without_blocking() {
  std::array<char, 256> name{};
  if (::ttyname_r(STDOUT_FILENO, name.data(), name.size()) != 0) return -1;
  return ::open(name.data(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/// Stops this process as Ctrl-Z does, until it is continued.
void stop_here() {
  sigset_t stop;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTSTP);
  // Pending while it is blocked, so it stops at the next line.
  ::raise(SIGTSTP);
  ::sigprocmask(SIG_UNBLOCK, &stop, nullptr);
  ::sigprocmask(SIG_BLOCK, &stop, nullptr);
}

}  // namespace

Result<TerminalMode> TerminalMode::enter() {
  TerminalMode mode;
  if (::isatty(STDOUT_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &mode.before_) != 0) {
    return detail::fail(ErrorCode::Unsupported, "a full screen needs a terminal");
  }
  mode.out_ = open_without_blocking();
  if (mode.out_ < 0) return detail::fail_errno(errno, "cannot open the terminal");
  const sigset_t set = signals_taken();
  mode.signals_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (mode.signals_ < 0) return detail::fail_errno(errno, "cannot take signals");
  ::sigprocmask(SIG_BLOCK, &set, &mode.mask_before_);
  // From here on the destructor gives everything back.
  mode.active_ = true;
  if (!mode.take_screen()) return detail::fail_errno(errno, "cannot set up the terminal");
  return mode;
}

bool TerminalMode::take_screen() {
  drawn_.clear();
  termios now{};
  if (::tcgetattr(STDIN_FILENO, &now) != 0) return false;
  // Otherwise it is still as this left it.
  if ((now.c_lflag & ICANON) != 0) before_ = now;
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  // At once: to wait until the terminal has taken everything may be to wait for ever.
  return ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0 && put(kEnter, kPatienceMs) != Put::Gone;
}

void TerminalMode::give_screen_back() {
  // What it has not taken yet is in the way of what it must have.
  if (put(kLeave, kPatienceMs) == Put::Stalled) {
    ::tcflush(out_, TCOFLUSH);
    static_cast<void>(put(kLeave, 0));
  }
  // Keys that were meant for the screen are not meant for the shell.
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
    // What came in the meantime was asked for, and is being done.
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
      // The terminal may have another size by now, and the shell has set it up for itself.
      return take_screen() ? Signal::Resize : Signal::End;
    case SIGWINCH:
      drawn_.clear();  // the terminal has moved the lines about
      return Signal::Resize;
    default:
      return Signal::End;
  }
}

bool TerminalMode::wait_for_room(int patience_ms) const {
  std::array<pollfd, 3> ready{
      {{out_, POLLOUT, 0}, {signals_, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
  // A key or a signal matters more than a frame, but not more than to give the screen back.
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
