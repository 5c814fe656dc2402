// SPDX-License-Identifier: Apache-2.0
#include "demo/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace evo::machine {

namespace {

using Clock = std::chrono::steady_clock;

/// The two file descriptors of a pipe, closed at exec.
struct Pipe {
  int read_end = -1;
  int write_end = -1;

  [[nodiscard]] bool open() noexcept {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
};

void close_if_open(int descriptor) noexcept {
  if (descriptor >= 0) ::close(descriptor);
}

/// Runs in the child between fork and exec: only calls that are safe there.
[[noreturn]] void become(const char* program, char* const* arguments, pid_t parent, int input,
                         int output) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);  // the parent died before the line above
  ::signal(SIGPIPE, SIG_DFL);             // an ignored signal would stay ignored through exec
  if (::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
      ::dup2(output, STDERR_FILENO) >= 0) {
    ::execv(program, arguments);
  }
  constexpr std::string_view message = "level=error event=cannot_start error=";
  const char* reason = std::strerror(errno);
  if (::write(output, message.data(), message.size()) < 0 ||
      ::write(output, reason, std::strlen(reason)) < 0 || ::write(output, "\n", 1) < 0) {
    ::_exit(126);
  }
  ::_exit(127);
}

}  // namespace

tl::expected<ChildProcess, std::string> ChildProcess::start(
    const std::filesystem::path& program, const std::vector<std::string>& arguments,
    bool with_input) {
  std::string path = program.string();
  std::vector<std::string> words = arguments;
  std::vector<char*> pointers{path.data()};
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  Pipe output;
  Pipe input;
  bool ready = output.open();
  if (with_input) {
    ready = ready && input.open();
  } else {
    input.read_end = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ready = ready && input.read_end >= 0;
  }
  const pid_t parent = ::getpid();
  const pid_t child = ready ? ::fork() : -1;
  if (child == 0) become(path.c_str(), pointers.data(), parent, input.read_end, output.write_end);
  const int error = errno;
  close_if_open(output.write_end);
  close_if_open(input.read_end);
  if (child < 0) {
    close_if_open(output.read_end);
    close_if_open(input.write_end);
    return tl::unexpected(fmt::format("cannot start '{}': {}", path, std::strerror(error)));
  }
  // The child does not inherit this flag: its side of the pipe has flags of its own.
  ::fcntl(output.read_end, F_SETFL, O_NONBLOCK);
  return ChildProcess(child, output.read_end, input.write_end);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept {
  swap(other);
}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  ChildProcess(std::move(other)).swap(*this);
  return *this;
}

void ChildProcess::swap(ChildProcess& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(output_, other.output_);
  std::swap(input_, other.input_);
  std::swap(status_, other.status_);
  std::swap(partial_line_, other.partial_line_);
  std::swap(lines_, other.lines_);
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0 && running()) {
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_if_open(output_);
  close_if_open(input_);
}

void ChildProcess::drain() {
  std::array<char, 4096> bytes;
  ssize_t count = 0;
  while ((count = ::read(output_, bytes.data(), bytes.size())) > 0) {
    partial_line_.append(bytes.data(), static_cast<std::size_t>(count));
    std::size_t end = 0;
    while ((end = partial_line_.find('\n')) != std::string::npos) {
      lines_.push_back(partial_line_.substr(0, end));
      partial_line_.erase(0, end + 1);
    }
  }
}

void ChildProcess::send_line(std::string_view line) const {
  if (input_ < 0) return;
  const std::string text = fmt::format("{}\n", line);
  // Fails if the child has ended, which is noticed elsewhere.
  if (::write(input_, text.data(), text.size()) < 0) return;
}

void ChildProcess::signal(int number) const noexcept {
  if (pid_ > 0 && !status_) ::kill(pid_, number);
}

bool ChildProcess::running() {
  if (pid_ <= 0 || status_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  status_ = status;
  return false;
}

bool ChildProcess::wait(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (running()) {
    drain();
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  drain();
  return true;
}

std::string ChildProcess::failure() const {
  if (!status_ || *status_ == 0) return {};
  if (WIFSIGNALED(*status_)) {
    return fmt::format("signal {} ({})", WTERMSIG(*status_), ::strsignal(WTERMSIG(*status_)));
  }
  return fmt::format("exit code {}", WEXITSTATUS(*status_));
}

}  // namespace evo::machine
