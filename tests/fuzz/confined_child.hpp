// SPDX-License-Identifier: Apache-2.0
/// A child process that runs one command line, and may write only below one directory.
#pragma once

#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "fuzzer.hpp"

namespace evo::fuzz {

/// The coverage counters of this program.
std::span<std::uint8_t> coverage_counters();

/// Denies this process to create, change or remove files elsewhere, if the kernel has Landlock.
inline void confine_writes_to(const std::string& directory) {
  constexpr std::uint64_t kWrites = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM;
  landlock_ruleset_attr rules{};
  rules.handled_access_fs = kWrites;
  const auto ruleset =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0));
  if (ruleset < 0) return;
  for (const auto& [path, access] :
       {std::pair(directory, kWrites),
        std::pair(std::string("/dev/null"), std::uint64_t{LANDLOCK_ACCESS_FS_WRITE_FILE})}) {
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = access;
    beneath.parent_fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    ::close(beneath.parent_fd);
  }
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::syscall(SYS_landlock_restrict_self, ruleset, 0);
}

/// Receives the output of one child after another.
class OutputFile {
 public:
  OutputFile() : fd_(::memfd_create("output", MFD_CLOEXEC)) {
    expect(fd_ >= 0, "memfd_create succeeds");
  }
  [[nodiscard]] int fd() const { return fd_; }
  void clear() const {
    expect(::ftruncate(fd_, 0) == 0 && ::lseek(fd_, 0, SEEK_SET) == 0, "the file can be emptied");
  }
  [[nodiscard]] std::string text() const {
    std::string text;
    std::array<char, 4096> part;
    for (ssize_t count = 0;
         (count = ::pread(fd_, part.data(), part.size(), static_cast<off_t>(text.size()))) > 0;) {
      text.append(part.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int fd_;
};

/// The counters of a child, for the fuzzer in its parent.
class SharedCounters {
 public:
  SharedCounters()
      : own_(coverage_counters()),
        memory_(static_cast<std::uint8_t*>(::mmap(nullptr, own_.size(), PROT_READ | PROT_WRITE,
                                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    expect(!own_.empty() && memory_ != MAP_FAILED, "there are coverage counters");
  }
  /// In the child, at its end.
  void store() const { std::memcpy(memory_, own_.data(), own_.size()); }
  /// In the parent, after that.
  void load() const {
    for (std::size_t i = 0; i < own_.size(); ++i) {
      if (memory_[i] != 0) own_[i] = memory_[i];
    }
    std::memset(memory_, 0, own_.size());
  }

 private:
  std::span<std::uint8_t> own_;
  std::uint8_t* memory_;
};

/// How a child ended.
struct Ended {
  int code = -1;           ///< its exit code, or minus the signal that ended it
  bool was_asked = false;  ///< SIGTERM was sent
};

/// Waits until a child ends; false if the time is up. The fuzzer's own timer interrupts a wait.
inline bool ends_within(int process, std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  pollfd end{process, POLLIN, 0};
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const int ready = ::poll(&end, 1, std::max(0, static_cast<int>(left.count())));
    if (ready >= 0) return ready == 1;
    expect(errno == EINTR, "poll succeeds");
  }
}

/// Waits for a child; asks it to end after the first time, and reports a hang after another minute.
inline Ended await(pid_t pid, std::chrono::milliseconds patience) {
  const auto process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  Ended ended;
  if (!ends_within(process, patience)) {
    ended.was_asked = true;
    ::kill(pid, SIGTERM);
    const bool ends = ends_within(process, std::chrono::minutes(1));
    if (!ends) ::kill(-pid, SIGKILL);
    expect(ends, "a command ends at SIGTERM");
  }
  ::close(process);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) expect(errno == EINTR, "waitpid succeeds");
  ::kill(-pid, SIGKILL);  // what it started
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return ended;
}

}  // namespace evo::fuzz
