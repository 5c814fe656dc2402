// SPDX-License-Identifier: Apache-2.0
#include "process_watch.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "descriptor_limit.hpp"

namespace evo::tools {

namespace {

/// Distinguishes PIDs from the descriptors that others register with epoll.
constexpr std::uint64_t kMark = std::uint64_t{1} << 32U;

int open_pidfd(std::uint32_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
}

bool has_ended(int pidfd) {
  pollfd ended{pidfd, POLLIN, 0};
  return ::poll(&ended, 1, 0) > 0;
}

}  // namespace

ProcessWatch::~ProcessWatch() {
  for (const auto& [pid, process] : processes_) ::close(process.pidfd);
}

bool ProcessWatch::available() {
  const int pidfd = open_pidfd(static_cast<std::uint32_t>(::getpid()));
  if (pidfd >= 0) ::close(pidfd);
  return pidfd >= 0 || errno == EMFILE || errno == ENFILE || errno == ENOMEM;
}

void ProcessWatch::forget(Processes::iterator process) {
  ::close(process->second.pidfd);  // also removes it from the epoll set
  processes_.erase(process);
}

bool ProcessWatch::add(const std::string& segment, std::uint32_t pid) {
  auto process = processes_.find(pid);
  if (process == processes_.end()) {
    // First, so that no descriptor leaks if there is no memory for the entry.
    process = processes_.emplace(pid, Process{-1, {}}).first;
    const int pidfd = open_pidfd(pid);
    // Already gone, or not in our namespace: its death is found by the inspection that follows when
    // its files are closed, or by the scan.
    const bool unknown = pidfd < 0 && errno != EMFILE && errno != ENFILE && errno != ENOMEM;
    // Only its exit status remains: another process is holding its locks.
    const bool ended = pidfd >= 0 && has_ended(pidfd);
    epoll_event readable{};
    readable.events = EPOLLIN;
    readable.data.u64 = kMark | pid;
    if (pidfd < 0 || ended || !leaves_reserve(pidfd) ||
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, pidfd, &readable) != 0) {
      processes_.erase(process);
      if (pidfd >= 0) ::close(pidfd);
      return unknown || ended;
    }
    process->second.pidfd = pidfd;
  }
  process->second.segments.insert(segment);
  return true;
}

void ProcessWatch::watch(const std::string& segment, const std::set<std::uint32_t>& pids) {
  std::set<std::uint32_t>& known = pids_of_[segment];
  for (auto pid = known.begin(); pid != known.end();) {
    if (pids.contains(*pid)) {
      ++pid;
      continue;
    }
    const auto process = processes_.find(*pid);
    pid = known.erase(pid);
    if (process == processes_.end()) continue;
    process->second.segments.erase(segment);
    if (process->second.segments.empty()) forget(process);
  }
  bool complete = true;
  for (const std::uint32_t pid : pids) {
    known.insert(pid);
    complete = add(segment, pid) && complete;
  }
  if (known.empty()) pids_of_.erase(segment);
  if (complete) {
    incomplete_.erase(segment);
  } else {
    incomplete_.insert(segment);
  }
}

std::vector<std::string> ProcessWatch::take_end(std::uint64_t data) {
  if ((data & kMark) == 0) return {};
  const auto process = processes_.find(static_cast<std::uint32_t>(data));
  // The event may be from an earlier process with this PID.
  if (process == processes_.end() || !has_ended(process->second.pidfd)) return {};
  std::vector<std::string> segments(process->second.segments.begin(),
                                    process->second.segments.end());
  forget(process);
  return segments;
}

}  // namespace evo::tools
