// SPDX-License-Identifier: Apache-2.0
/// A child that runs one instruction, or up to one system call, at a time (ptrace).
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace evo::detail {

/// Where a traced child has stopped.
enum class Stop {
  Step,   ///< one instruction later, or at the entry or exit of a system call
  Mark,   ///< at its next mark()
  Ended,  ///< it has exited
};

/// Runs `body()` under the control of its parent, which sees it stop wherever the body calls
/// `mark()`. Objects on the body's stack are destroyed if it runs that far. The child outlives
/// neither this object nor the parent.
class TracedChild {
 public:
  template <class Body>
  explicit TracedChild(Body&& body) {
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(2);
      mark();  // so that the parent can set its options
      try {
        std::forward<Body>(body)();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "traced child: %s\n", error.what());
        ::_exit(3);
      }
      ::_exit(0);
    }
    if (await() != Stop::Mark || ::ptrace(PTRACE_SETOPTIONS, pid_, nullptr,
                                          PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD) != 0) {
      kill();
      throw std::runtime_error("cannot trace a child");
    }
  }
  TracedChild(const TracedChild&) = delete;
  TracedChild& operator=(const TracedChild&) = delete;
  ~TracedChild() { kill(); }

  /// Called by the child: stops it.
  static void mark() { ::raise(SIGSTOP); }

  Stop run_to_mark() { return go_on(PTRACE_CONT); }
  Stop step_instruction() { return go_on(PTRACE_SINGLESTEP); }
  Stop step_system_call() { return go_on(PTRACE_SYSCALL); }

  /// Executes `count` instructions; false if a mark or the end came first.
  bool step_instructions(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (step_instruction() != Stop::Step) return false;
    }
    return true;
  }

  /// Ends the tracing: the child stays where it is, stopped as by `kill -STOP`.
  void leave_stopped() {
    ::ptrace(PTRACE_DETACH, pid_, nullptr, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
  }

  /// After leave_stopped().
  void wake() const { ::kill(pid_, SIGCONT); }

  /// After wake(): waits for its next mark; false if it ended.
  [[nodiscard]] bool await_mark() const {
    int status = 0;
    return ::waitpid(pid_, &status, WUNTRACED) == pid_ && WIFSTOPPED(status);
  }

  /// `kill -9`, and waits until the kernel has freed what it held.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (await() != Stop::Ended) {
    }
  }

  /// After wake(): waits until it ends; returns its exit code.
  int join() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  Stop go_on(__ptrace_request request) {
    if (pid_ <= 0 || ::ptrace(request, pid_, nullptr, nullptr) != 0) return Stop::Ended;
    return await();
  }

  Stop await() {
    constexpr int kSystemCallStop = SIGTRAP | 0x80;
    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_ || !WIFSTOPPED(status)) {
      pid_ = -1;
      return Stop::Ended;
    }
    const int signal = WSTOPSIG(status);
    if (signal == SIGSTOP) return Stop::Mark;
    if (signal == SIGTRAP || signal == kSystemCallStop) return Stop::Step;
    const std::string name = ::strsignal(signal);
    kill();
    throw std::runtime_error("the traced child got a signal: " + name);
  }

  pid_t pid_ = -1;
};

}  // namespace evo::detail
