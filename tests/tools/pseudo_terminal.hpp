// SPDX-License-Identifier: Apache-2.0
/// A program in its own terminal: accepts keys, returns the screen.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evo::test {

class PseudoTerminal {
 public:
  static constexpr winsize kSize{24, 120, 0, 0};

  PseudoTerminal(const std::string& path, std::vector<std::string> arguments,
                 winsize size = kSize) {
    arguments.insert(arguments.begin(), path);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    if (::openpty(&master_, &slave_, nullptr, nullptr, &size) != 0) {
      throw std::runtime_error("openpty failed");
    }
    ::tcgetattr(slave_, &before_);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(master_);
      ::setenv("TERM", "xterm", 1);
      ::unsetenv("NO_COLOR");
      ::login_tty(slave_);
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
  }
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;
  ~PseudoTerminal() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    if (master_ >= 0) ::close(master_);
    // Kept open until here, so that the output in the terminal survives the end of the program.
    ::close(slave_);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }

  void type(std::string_view keys) {
    if (::write(master_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
      throw std::runtime_error("cannot type");
    }
  }

  /// As when the window is closed: SIGHUP, and nothing can be written any more.
  void hang_up() { ::close(std::exchange(master_, -1)); }

  void resize(winsize size) { ::ioctl(master_, TIOCSWINSZ, &size); }

  /// Waits up to a minute until the screen contains the text; false if it never does.
  [[nodiscard]] bool shows(std::string_view text) {
    return waits([&] { return screen().find(text) != std::string::npos; });
  }
  [[nodiscard]] bool shows_no(std::string_view text) {
    return waits([&] { return !screen().empty() && screen().find(text) == std::string::npos; });
  }

  /// The same for all output, for a program without frames.
  [[nodiscard]] bool says(std::string_view text) {
    return waits([&] { return output_.find(text) != std::string::npos; });
  }

  /// Discards the output so far.
  void forget() {
    while (take_output(0)) continue;
    output_.clear();
  }

  /// Fills the terminal until it accepts no more; only reading its output makes room again.
  void fill() const {
    std::array<char, 256> name{};
    ::ttyname_r(slave_, name.data(), name.size());
    const int file = ::open(name.data(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const std::string junk(4096, '.');
    while (::write(file, junk.data(), junk.size()) > 0) continue;
    ::close(file);
  }

  /// Waits until the program ends while nothing reads its output: the exit code, or as in join().
  int join_unread() {
    int status = 0;
    for (int look = 0; look < 3000; ++look) {
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
      }
      ::usleep(20'000);
    }
    return -1000;
  }

  /// The last complete frame, including colours.
  [[nodiscard]] std::string screen() const {
    constexpr std::string_view kBegin = "\x1b[?2026h\x1b[H";
    constexpr std::string_view kEnd = "\x1b[?2026l";
    const std::size_t end = output_.rfind(kEnd);
    if (end == std::string::npos) return "";
    const std::size_t begin = output_.rfind(kBegin, end);
    return output_.substr(begin + kBegin.size(), end - begin - kBegin.size());
  }

  /// All output.
  [[nodiscard]] const std::string& output() const { return output_; }

  /// Waits until the program ends: the exit code, or minus the signal that ended it.
  int join() {
    int status = 0;
    const bool ended = waits([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; });
    if (!ended) return -1000;
    pid_ = -1;
    while (take_output(0)) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  /// Whether lines are edited and echoed as they were before.
  [[nodiscard]] bool is_as_before() const {
    termios now{};
    return ::tcgetattr(slave_, &now) == 0 && now.c_lflag == before_.c_lflag &&
           now.c_iflag == before_.c_iflag && now.c_cc[VSUSP] == before_.c_cc[VSUSP];
  }

  /// Whether the screen and the cursor were restored.
  [[nodiscard]] bool screen_was_left() const {
    return after_last("\x1b[?1049") == 'l' && after_last("\x1b[?25") == 'h';
  }

 private:
  [[nodiscard]] char after_last(std::string_view sequence) const {
    const std::size_t at = output_.rfind(sequence);
    return at == std::string::npos ? '\0' : output_.at(at + sequence.size());
  }

  template <class Condition>
  bool waits(Condition&& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      take_output(20);
    }
    return true;
  }

  bool take_output(int milliseconds) {
    pollfd readable{master_, POLLIN, 0};
    if (::poll(&readable, 1, milliseconds) <= 0) return false;
    std::array<char, 4096> part{};
    const ssize_t count = ::read(master_, part.data(), part.size());
    if (count > 0) output_.append(part.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  int master_ = -1;
  int slave_ = -1;
  pid_t pid_ = -1;
  termios before_{};
  std::string output_;
};

}  // namespace evo::test
