/// The terminal as a full screen takes it, and as it was before.
#pragma once

#include <signal.h>
#include <termios.h>

#include <string>
#include <string_view>
#include <vector>

#include "evo/error.hpp"

namespace evo::tools {

/// Takes the terminal of stdin and stdout: the alternate screen, no cursor, keys as they are
/// pressed. Gives it back as it was when it ends, also by an exception, and turns the signals that
/// end a program into something to read, so that none of them leaves the terminal as it is. There
/// is one at a time.
class TerminalMode {
 public:
  /// Unsupported: stdin or stdout is no terminal.
  static Result<TerminalMode> enter();

  TerminalMode(TerminalMode&& other) noexcept;
  TerminalMode& operator=(TerminalMode&&) = delete;
  ~TerminalMode();

  enum class Signal { None, End, Resize };

  /// Readable (poll) when a signal has come.
  [[nodiscard]] int signal_fd() const { return signals_; }

  /// The next signal that has come, if any. End: SIGINT, SIGTERM, SIGHUP.
  [[nodiscard]] Signal take_signal();

  /// What was typed since; waits for nothing. `ended`: the terminal is gone.
  [[nodiscard]] std::string take_input(bool* ended) const;

  /// Puts as many lines as the screen has there, in place of all that was. False: the terminal is
  /// gone.
  [[nodiscard]] bool draw(const std::vector<std::string>& lines);

 private:
  TerminalMode() = default;

  bool active_ = false;
  termios before_{};
  sigset_t mask_before_{};
  int signals_ = -1;
  std::string drawn_;
};

}  // namespace evo::tools
