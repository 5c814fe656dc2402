// SPDX-License-Identifier: Apache-2.0
#include "evo/testing/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "evo/clock.hpp"

namespace evo::testing {

namespace {

constexpr std::chrono::milliseconds kPollEvery{1};

/// Calls `done` until it returns true; false at the limit.
template <class Done>
bool eventually(std::chrono::nanoseconds limit, Done done) {
  const std::uint64_t start = monotonic_ns();
  while (!done()) {
    if (std::chrono::nanoseconds(monotonic_ns() - start) >= limit) return false;
    std::this_thread::sleep_for(kPollEvery);
  }
  return true;
}

/// Runs in the child, where only functions that a signal handler may call are allowed. If the
/// program cannot be executed, writes the error number to `report`.
[[noreturn]] void execute(const char* program, char* const* arguments, int output, int report,
                          pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == parent && ::dup2(output, STDOUT_FILENO) >= 0 &&
      ::dup2(output, STDERR_FILENO) >= 0) {
    ::execv(program, arguments);
  }
  const int error = errno;
  static_cast<void>(!::write(report, &error, sizeof error));
  ::_exit(127);
}

}  // namespace

Program::Program(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  std::string path = program.string();
  std::vector<std::string> words = arguments;
  std::vector<char*> argv{path.data()};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::array<int, 2> report{-1, -1};
  output_ = ::memfd_create("output", MFD_CLOEXEC);
  if (output_ < 0 || ::pipe2(report.data(), O_CLOEXEC) != 0) {
    if (output_ >= 0) ::close(output_);
    throw std::runtime_error("evo::testing: no more descriptors");
  }
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) execute(path.c_str(), argv.data(), output_, report[1], parent);
  ::close(report[1]);
  int error = 0;
  if (pid_ < 0) {
    error = errno;
  } else if (::read(report[0], &error, sizeof error) > 0) {
    reap(true);
  }
  ::close(report[0]);
  if (error != 0) {
    ::close(output_);
    throw std::runtime_error("evo::testing: cannot start " + path + ": " + std::strerror(error));
  }
}

Program::~Program() {
  die();
  ::close(output_);
}

bool Program::running() {
  reap(false);
  return !result_;
}

std::string Program::output() const {
  std::string text;
  std::array<char, 4096> part;
  ssize_t count = 0;
  while ((count = ::pread(output_, part.data(), part.size(), static_cast<off_t>(text.size()))) >
         0) {
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  return text;
}

bool Program::says(std::string_view words, std::chrono::nanoseconds limit) {
  bool said = false;
  eventually(limit, [&] {
    const bool ended = !running();  // before the output is read, so that all of it is
    said = output().find(words) != std::string::npos;
    return said || ended;
  });
  return said;
}

void Program::signal(int number) {
  if (running()) ::kill(pid_, number);
}

std::optional<int> Program::wait(std::chrono::nanoseconds limit) {
  eventually(limit, [this] { return !running(); });
  return result_;
}

void Program::die() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  reap(true);
}

void Program::reap(bool block) {
  if (result_) return;
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(pid_, &status, block ? 0 : WNOHANG);
  } while (ended < 0 && errno == EINTR);
  if (ended == pid_) result_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace evo::testing
