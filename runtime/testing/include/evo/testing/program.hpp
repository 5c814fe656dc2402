// SPDX-License-Identifier: Apache-2.0
/// The module under test, as a program.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evo::testing {

/// A running program. Its environment is the test's, so EVO_DOMAIN names the TestDomain. It is
/// killed with this object, or when the thread that started it ends.
class Program {
 public:
  /// Throws std::runtime_error if the program cannot be started.
  explicit Program(const std::filesystem::path& program,
                   const std::vector<std::string>& arguments = {});
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running();

  /// What it has written to stdout and stderr so far.
  [[nodiscard]] std::string output() const;
  /// Waits until the output contains `words`; false if it does not within `limit`, or when the
  /// program has ended.
  [[nodiscard]] bool says(std::string_view words, std::chrono::nanoseconds limit);

  /// Sends a signal, such as SIGTERM.
  void signal(int number);
  /// Waits for its end: the exit code, or the negative number of the signal that ended it; nullopt
  /// if it still runs after `limit`.
  [[nodiscard]] std::optional<int> wait(std::chrono::nanoseconds limit);
  /// `kill -9`, and waits for the end.
  void die();

 private:
  void reap(bool block);

  pid_t pid_ = -1;
  int output_ = -1;            // a file without a name
  std::optional<int> result_;  // once it has ended
};

}  // namespace evo::testing
