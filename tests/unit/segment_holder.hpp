// SPDX-License-Identifier: Apache-2.0
/// Another program that holds a segment: see segment_holder.cpp.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "child_process.hpp"
#include "evo/domain.hpp"

namespace evo::test {

class SegmentHolder {
 public:
  SegmentHolder(const Domain& domain, const std::string& name)
      : SegmentHolder(domain, name, [](pid_t) {}) {}

  /// Calls `prepare(pid)` in the new process before the program starts.
  template <class Prepare>
  SegmentHolder(const Domain& domain, const std::string& name, Prepare&& prepare) {
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      prepare(::getpid());
      input_.close_writing();
      ::dup2(input_.reading(), STDIN_FILENO);
      ::dup2(output_.writing(), STDOUT_FILENO);
      output_.close_reading();
      output_.close_writing();
      ::execl(EVO_SEGMENT_HOLDER, EVO_SEGMENT_HOLDER, domain.path().c_str(), name.c_str(),
              static_cast<char*>(nullptr));
      ::_exit(127);
    }
    input_.close_reading();
    output_.close_writing();
    char letter = 0;
    while (::read(output_.reading(), &letter, 1) == 1 && letter != '\n') line_ += letter;
  }
  SegmentHolder(const SegmentHolder&) = delete;
  SegmentHolder& operator=(const SegmentHolder&) = delete;
  ~SegmentHolder() { kill(); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// "ready", or the error.
  [[nodiscard]] const std::string& first_line() const { return line_; }

  /// Lets the program end normally.
  void close() {
    input_.close_writing();
    join();
  }
  void kill() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    join();
  }

 private:
  void join() {
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  pid_t pid_ = -1;
  std::string line_;
  Pipe input_;
  Pipe output_;
};

}  // namespace evo::test
