// SPDX-License-Identifier: Apache-2.0
/// Switches the terminal to a full screen and back.
#pragma once

#include <signal.h>
#include <termios.h>

#include <string>
#include <string_view>
#include <vector>

#include "evo/error.hpp"

namespace evo::tools {

/// Sets up the terminal of stdin and stdout: alternate screen, no cursor, unbuffered keys. Restores
/// it on destruction, also after an exception, and while the program is stopped. Signals that end
/// or stop a program become readable events, so that none of them leaves the terminal in this mode;
/// a terminal that accepts no output (XOFF, a dead connection) does not prevent reading them. One
/// instance at a time.
class TerminalMode {
 public:
  /// Unsupported: stdin or stdout is not a terminal.
  static Result<TerminalMode> enter();

  TerminalMode(TerminalMode&& other) noexcept;
  TerminalMode& operator=(TerminalMode&&) = delete;
  ~TerminalMode();

  enum class Signal { None, End, Resize };

  /// Readable (poll) when a signal has arrived.
  [[nodiscard]] int signal_fd() const { return signals_; }

  /// The next pending signal, if any. End: SIGINT, SIGTERM, SIGHUP, SIGQUIT. SIGTSTP stops the
  /// program here, with the terminal restored, until it is continued.
  [[nodiscard]] Signal take_signal();

  /// Input since the last call; never blocks. `ended`: the terminal is gone.
  [[nodiscard]] std::string take_input(bool* ended) const;

  /// Replaces the screen with these lines, one for each line of the screen; waits for the terminal
  /// until a key or a signal comes. False: the terminal is gone.
  [[nodiscard]] bool draw(const std::vector<std::string>& lines);

  /// Whether the terminal has not accepted all of the last frame.
  [[nodiscard]] bool stalled() const { return stalled_; }

 private:
  enum class Put { Done, Stalled, Gone };

  TerminalMode() = default;

  [[nodiscard]] bool take_screen();
  void give_screen_back();
  /// Stalled: the terminal accepted no output for `patience_ms`; if that is negative, until a key
  /// or a signal came.
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
