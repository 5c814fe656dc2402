// SPDX-License-Identifier: Apache-2.0
/// A program under test: its arguments, its output lines, its exit code.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "child_process.hpp"

namespace evo::test {

class Program {
 public:
  /// `in_child` runs in the new process before the program starts.
  Program(const std::string& path, std::vector<std::string> arguments,
          const std::function<void()>& in_child = {}) {
    arguments.insert(arguments.begin(), path);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(output_.writing(), STDOUT_FILENO);
      ::dup2(output_.writing(), STDERR_FILENO);
      if (in_child) in_child();
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
    output_.close_writing();
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// The next line; nullopt at the end, or if no line arrives within a minute.
  std::optional<std::string> next_line() {
    std::string line;
    char letter = 0;
    pollfd readable{output_.reading(), POLLIN, 0};
    while (::poll(&readable, 1, 60'000) > 0 && ::read(output_.reading(), &letter, 1) == 1) {
      if (letter == '\n') return line;
      line += letter;
    }
    return line.empty() ? std::nullopt : std::optional(line);
  }

  /// Its exit code, or minus the signal that ended it; `text` receives its remaining output.
  int join(std::string* text = nullptr) {
    const std::string rest = output_.read_all();
    if (text != nullptr) *text = rest;
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  int end(int signal = SIGTERM) {
    ::kill(pid_, signal);
    return join();
  }

 private:
  pid_t pid_ = -1;
  Pipe output_;
};

}  // namespace evo::test
