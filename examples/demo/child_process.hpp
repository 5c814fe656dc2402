// SPDX-License-Identifier: Apache-2.0
/// A module as a child process: starts it, monitors it, reads its output, ends it.
///
/// The kernel sends it SIGTERM when this process dies in any way, so no module outlives the demo.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evo/error.hpp"

namespace evo::machine {

class ChildProcess {
 public:
  /// Starts a program with stderr, and on request stdin, connected to this process.
  [[nodiscard]] static tl::expected<ChildProcess, std::string> start(
      const std::filesystem::path& program, const std::vector<std::string>& arguments,
      bool with_input = false);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  /// Kills it if it is still running.
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// Reads its output so far, without waiting.
  void drain();
  /// The complete lines that it has written to stderr.
  [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }
  /// The same, and discards them: for processes that run for a long time.
  [[nodiscard]] std::vector<std::string> take_lines() noexcept { return std::exchange(lines_, {}); }

  /// Writes a line to its stdin, if that is connected.
  void send_line(std::string_view line) const;

  void signal(int number) const noexcept;

  /// Whether it is running; does not wait.
  [[nodiscard]] bool running();
  /// Waits for it to end, and reads its output in the meantime; false if that takes longer than
  /// `limit`.
  bool wait(std::chrono::milliseconds limit);
  /// How it ended: "exit code 1", "signal 9 (Killed)"; empty if it succeeded or is still running.
  [[nodiscard]] std::string failure() const;

 private:
  ChildProcess(pid_t pid, int output, int input) noexcept
      : pid_(pid), output_(output), input_(input) {}
  void swap(ChildProcess& other) noexcept;

  pid_t pid_ = -1;
  int output_ = -1;            // its stderr is read from here
  int input_ = -1;             // its stdin is written here
  std::optional<int> status_;  // from waitpid, once it has ended
  std::string partial_line_;
  std::vector<std::string> lines_;
};

}  // namespace evo::machine
