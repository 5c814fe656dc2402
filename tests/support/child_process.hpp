// SPDX-License-Identifier: Apache-2.0
/// Runs code in a separate process.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace evo::test {

/// For alarm() in a child. No call takes this long even on a busy machine; a child that is still in
/// a call by then hangs.
constexpr unsigned kHangSeconds = 20;

/// Both ends of a pipe.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_reading();
    close_writing();
  }

  void close_reading() { close_end(0); }
  void close_writing() { close_end(1); }
  [[nodiscard]] int reading() const { return ends_[0]; }
  [[nodiscard]] int writing() const { return ends_[1]; }

  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::write(ends_[1], text.data(), text.size());
      if (count <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  /// Everything until the last writer closes the pipe.
  [[nodiscard]] std::string read_all() const {
    std::string text;
    std::array<char, 256> part;
    for (ssize_t count = 0; (count = ::read(ends_[0], part.data(), part.size())) > 0;) {
      text.append(part.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

  /// Waits for one byte; false if the writing side is closed.
  [[nodiscard]] bool await_byte() const {
    char byte = 0;
    return ::read(ends_[0], &byte, 1) == 1;
  }

 private:
  void close_end(std::size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }

  std::array<int, 2> ends_{-1, -1};
};

/// How a child ended.
struct ChildResult {
  int status = 0;    ///< as waitpid reports it
  std::string text;  ///< what the child reported

  [[nodiscard]] bool killed_by(int signal) const {
    return WIFSIGNALED(status) && WTERMSIG(status) == signal;
  }
};

/// A forked child that runs `body()`, a function returning a std::string, and exits without running
/// any other destructor. A child that outlives the test is killed.
class Child {
 public:
  template <class Body>
  explicit Child(Body&& body) {
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ != 0) {
      report_.close_writing();
      return;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(2);
    report_.close_reading();
    try {
      report_.write(std::forward<Body>(body)());
    } catch (const std::exception& error) {
      report_.write(std::string("exception: ") + error.what());
    }
    ::_exit(0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Waits until the child ends.
  ChildResult join() {
    ChildResult result;
    result.text = report_.read_all();
    ::waitpid(std::exchange(pid_, -1), &result.status, 0);
    return result;
  }

  ChildResult kill() {
    ::kill(pid_, SIGKILL);
    return join();
  }

 private:
  pid_t pid_ = -1;
  Pipe report_;
};

/// Runs `body` in a child and waits for it; `text` is what `body` returned.
template <class Body>
ChildResult in_child(Body&& body) {
  return Child(std::forward<Body>(body)).join();
}

/// Ends this process as `kill -9` would: nothing is cleaned up.
[[noreturn]] inline void die() {
  ::kill(::getpid(), SIGKILL);
  ::_exit(2);  // not reached
}

}  // namespace evo::test
