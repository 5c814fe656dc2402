#include "top/terminal_mode.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace evo::tools {

namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";  // alternate screen, no cursor
constexpr std::string_view kLeave = "\x1b[0m\x1b[?25h\x1b[?1049l";
// A terminal that knows them shows a frame all at once; others leave them out.
constexpr std::string_view kBeginFrame = "\x1b[?2026h\x1b[H";
constexpr std::string_view kEndFrame = "\x1b[?2026l";
// Before the line and not behind it: behind a line as wide as the screen it takes the last letter.
constexpr std::string_view kClearLine = "\x1b[2K";

bool write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      pollfd writable{STDOUT_FILENO, POLLOUT, 0};
      ::poll(&writable, 1, -1);
      continue;
    }
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

sigset_t signals_taken() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) ::sigaddset(&set, signal);
  return set;
}

}  // namespace

Result<TerminalMode> TerminalMode::enter() {
  TerminalMode mode;
  if (::isatty(STDOUT_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &mode.before_) != 0) {
    return detail::fail(ErrorCode::Unsupported, "a full screen needs a terminal");
  }
  const sigset_t set = signals_taken();
  mode.signals_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (mode.signals_ < 0) return detail::fail_errno(errno, "cannot take signals");
  ::sigprocmask(SIG_BLOCK, &set, &mode.mask_before_);
  // From here on the destructor gives everything back.
  mode.active_ = true;
  termios raw = mode.before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  // Ctrl-C stays what it is. What would stop the program or dump its core would leave the
  // terminal as it is.
  raw.c_cc[VSUSP] = raw.c_cc[VQUIT] = _POSIX_VDISABLE;
  if (::tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0 || !write_all(kEnter)) {
    return detail::fail_errno(errno, "cannot set up the terminal");
  }
  return mode;
}

TerminalMode::TerminalMode(TerminalMode&& other) noexcept
    : active_(std::exchange(other.active_, false)),
      before_(other.before_),
      mask_before_(other.mask_before_),
      signals_(std::exchange(other.signals_, -1)),
      drawn_(std::move(other.drawn_)) {}

TerminalMode::~TerminalMode() {
  if (active_) {
    // A terminal that is gone needs nothing back.
    static_cast<void>(write_all(kLeave));
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    // What came in the meantime was asked for, and is being done.
    while (take_signal() != Signal::None) continue;
    ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  if (signals_ >= 0) ::close(signals_);
}

TerminalMode::Signal TerminalMode::take_signal() {
  signalfd_siginfo info{};
  if (::read(signals_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
    return Signal::None;
  }
  if (info.ssi_signo != SIGWINCH) return Signal::End;
  drawn_.clear();  // the terminal has moved the lines about
  return Signal::Resize;
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
    frame.append(kClearLine).append(lines[i]).append(i + 1 == lines.size() ? "" : "\r\n");
  }
  frame += kEndFrame;
  if (frame == drawn_) return true;
  if (!write_all(frame)) return false;
  drawn_ = std::move(frame);
  return true;
}

}  // namespace evo::tools
