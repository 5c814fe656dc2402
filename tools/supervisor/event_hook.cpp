// SPDX-License-Identifier: Apache-2.0
#include "event_hook.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "descriptor_limit.hpp"
#include "evo/clock.hpp"

namespace evo::tools {

namespace {

/// Further lines are counted, not kept.
constexpr std::size_t kMostLines = 10'000;

/// A file in memory, open for reading at its start: unlike a pipe it never fills up, and the
/// command may ignore it. Negative, with errno, if there is no memory.
int make_input(std::string_view text) {
  const int fd = ::memfd_create("evo-shm events", MFD_CLOEXEC);
  if (fd < 0) return fd;
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written <= 0) {
      ::close(fd);
      return -1;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(fd, 0, SEEK_SET);
  return fd;
}

/// Starts `/bin/sh -c command`; returns an errno value on failure.
int spawn(const std::string& command, int input, pid_t* pid) {
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t ignored;
  ::sigemptyset(&ignored);
  ::sigaddset(&ignored, SIGPIPE);
  ::sigaddset(&ignored, SIGXFSZ);
  ::posix_spawnattr_setsigdefault(&attributes, &ignored);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string text = command;
  std::string shell = "sh";
  std::string option = "-c";
  char* const arguments[] = {shell.data(), option.data(), text.data(), nullptr};
  const int error = ::posix_spawn(pid, "/bin/sh", &files, &attributes, arguments, environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  return error;
}

std::uint64_t after(std::uint64_t start, std::chrono::nanoseconds time) {
  return start + static_cast<std::uint64_t>(time.count());
}

}  // namespace

EventHook::~EventHook() {
  if (running_ == 0) return;
  ::kill(-running_, SIGKILL);
  ::waitpid(running_, nullptr, 0);
}

void EventHook::offer(const Event& event) {
  const bool wanted = options_.events.empty() ? event.level != "info"
                                              : options_.events.contains(std::string(event.name));
  // The hook's own reports would run it again.
  if (!wanted || event.name.starts_with("exec_")) return;
  if (lines_.size() == kMostLines) {
    ++dropped_;
    return;
  }
  lines_.push_back(event.json());
}

std::string EventHook::lines() const {
  std::string text;
  for (const std::string& line : lines_) text += line + '\n';
  if (dropped_ != 0)
    text += fmt::format("{{\"event\":\"events_dropped\",\"count\":{}}}\n", dropped_);
  return text;
}

void EventHook::reap(const Complain& complain) {
  int status = 0;
  if (::waitpid(running_, &status, WNOHANG) != running_) {
    if (killed_ || monotonic_ns() < after(started_ns_, options_.timeout)) return;
    ::kill(-running_, SIGKILL);
    killed_ = true;
    complain("exec_timed_out", {{"command", options_.command}, {"pid", running_}});
    return;
  }
  if (!killed_ && status != 0) {
    const bool exited = WIFEXITED(status);
    complain("exec_failed",
             {{"command", options_.command},
              {"pid", running_},
              {exited ? "exit_code" : "signal", exited ? WEXITSTATUS(status) : WTERMSIG(status)}});
  }
  running_ = 0;
  killed_ = false;
}

void EventHook::start(const Complain& complain) {
  started_ns_ = monotonic_ns();
  const std::string text = lines();
  const int input = make_input(text);
  int error = input < 0 ? errno : 0;
  if (error == 0) {
    const FormerDescriptorLimit limit(options_.open_files);
    error = spawn(options_.command, input, &running_);
  }
  if (input >= 0) ::close(input);
  if (error == 0) {
    lines_.clear();
    dropped_ = 0;
  } else {
    running_ = 0;
  }
  complain_of_start(complain, error);
}

void EventHook::complain_of_start(const Complain& complain, int error) {
  // Reports the reason once, although the start is retried repeatedly.
  if (error == std::exchange(start_error_, error) || error == 0) return;
  complain("exec_failed", {{"command", options_.command}, {"error", std::strerror(error)}});
}

void EventHook::step(const Complain& complain) {
  if (running_ != 0) reap(complain);
  if (running_ != 0 || lines_.empty()) return;
  if (started_ns_ != 0 && monotonic_ns() < after(started_ns_, options_.interval)) return;
  start(complain);
}

std::optional<std::uint64_t> EventHook::wake_ns() const {
  if (running_ != 0) {
    return killed_ ? std::nullopt : std::optional(after(started_ns_, options_.timeout));
  }
  if (lines_.empty()) return std::nullopt;
  return started_ns_ == 0 ? 0 : after(started_ns_, options_.interval);
}

void EventHook::finish(const Complain& complain) {
  // The interval does not apply here: it is for a daemon. The timeout limits each of the two runs.
  for (bool last = false; running_ != 0 || !last;) {
    if (running_ != 0) {
      reap(complain);
      if (running_ != 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    } else {
      last = true;
      if (!lines_.empty()) start(complain);
    }
  }
}

const std::set<std::string>& event_names() {
  static const std::set<std::string> names = {"cannot_clean_up",
                                              "cannot_scan",
                                              "cannot_watch",
                                              "no_pidfds",
                                              "pass_done",
                                              "reader_attached",
                                              "reader_left",
                                              "segment_appeared",
                                              "segment_left_alone",
                                              "segment_removed",
                                              "segment_vanished",
                                              "segment_waits_for_successor",
                                              "segment_would_be_removed",
                                              "started",
                                              "steps_failed",
                                              "stopped",
                                              "watch_incomplete",
                                              "writer_closed",
                                              "writer_died",
                                              "writer_started"};
  return names;
}

}  // namespace evo::tools
