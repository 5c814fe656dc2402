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
/// pressed. Gives it back as it was when it ends, also by an exception, and while the program is
/// stopped. The signals that end or stop a program become something to read, so that none of them
/// leaves the terminal as it is; and a terminal that takes nothing (XOFF, a dead connection) does
/// not keep them from being read. There is one at a time.
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

  /// The next signal that has come, if any. End: SIGINT, SIGTERM, SIGHUP, SIGQUIT. SIGTSTP stops
  /// the program here, with the terminal as it was before, until it is continued.
  [[nodiscard]] Signal take_signal();

  /// What was typed since; waits for nothing. `ended`: the terminal is gone.
  [[nodiscard]] std::string take_input(bool* ended) const;

  /// Puts as many lines as the screen has there, in place of all that was; waits for the terminal
  /// until a key or a signal comes. False: the terminal is gone.
  [[nodiscard]] bool draw(const std::vector<std::string>& lines);

  /// Whether the terminal did not take all of the last frame.
  [[nodiscard]] bool stalled() const { return stalled_; }

 private:
  enum class Put { Done, Stalled, Gone };

  TerminalMode() = default;

  [[nodiscard]] bool take_screen();
  void give_screen_back();
  /// Stalled: the terminal has taken nothing for that long; with a patience below 0, until a key or
  /// a signal came.
  [[nodiscard]] Put put(std::string_view text, int patience_ms) const;
  [[nodiscard]] bool wait_for_room(int patience_ms) const;

  bool active_ = false;
  termios before_{};
  sigset_t mask_before_{};
  int signals_ = -1;
  int out_ = -1;
  bool stalled_ = false;
  std::string drawn_;
};

}  // namespace evo::tools
