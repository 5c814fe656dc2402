#include "process_watch.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace evo::tools {

namespace {

int open_pidfd(std::uint32_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
}

}  // namespace

ProcessWatch::~ProcessWatch() {
  for (const auto& [pid, process] : processes_) ::close(process.pidfd);
}

bool ProcessWatch::available() {
  const int pidfd = open_pidfd(static_cast<std::uint32_t>(::getpid()));
  if (pidfd >= 0) ::close(pidfd);
  return pidfd >= 0;
}

void ProcessWatch::forget(std::map<std::uint32_t, Process>::iterator process) {
  ::close(process->second.pidfd);  // leaves the epoll set by that
  processes_.erase(process);
}

void ProcessWatch::watch(const std::string& segment, const std::set<std::uint32_t>& pids) {
  std::set<std::uint32_t>& known = pids_of_[segment];
  for (const std::uint32_t pid : known) {
    const auto process = processes_.find(pid);
    if (pids.contains(pid) || process == processes_.end()) continue;
    process->second.segments.erase(segment);
    if (process->second.segments.empty()) forget(process);
  }
  for (const std::uint32_t pid : pids) {
    auto process = processes_.find(pid);
    if (process == processes_.end()) {
      const int pidfd = open_pidfd(pid);
      if (pidfd < 0) continue;  // gone already, or not of our namespace: the scan will tell
      epoll_event readable{};
      readable.events = EPOLLIN;
      readable.data.fd = pidfd;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, pidfd, &readable);
      process = processes_.emplace(pid, Process{pidfd, {}}).first;
    }
    process->second.segments.insert(segment);
  }
  known = pids;
  if (known.empty()) pids_of_.erase(segment);
}

std::vector<std::string> ProcessWatch::take_end(int pidfd) {
  const auto process = std::find_if(processes_.begin(), processes_.end(),
                                    [&](const auto& entry) { return entry.second.pidfd == pidfd; });
  // The event may have been that of another process, whose descriptor had the same number.
  pollfd ended{pidfd, POLLIN, 0};
  if (process == processes_.end() || ::poll(&ended, 1, 0) <= 0) return {};
  std::vector<std::string> segments(process->second.segments.begin(),
                                    process->second.segments.end());
  for (const std::string& segment : segments) pids_of_[segment].erase(process->first);
  forget(process);
  return segments;
}

}  // namespace evo::tools
