/// Learning of the death of processes at once, by pidfd.
///
/// A pid in a segment is advice: it may be of another PID namespace, or of a process that died
/// long ago. So an event here is only a reason to ask the kernel's locks.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace evo::tools {

class ProcessWatch {
 public:
  /// `epoll` is told of the pidfds; it must outlive this object.
  explicit ProcessWatch(int epoll) : epoll_(epoll) {}
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;
  ~ProcessWatch();

  /// Whether this kernel has pidfds.
  static bool available();

  /// From now on these are the processes that the segment depends on.
  void watch(const std::string& segment, const std::set<std::uint32_t>& pids);

  /// The segments that depend on the process behind this descriptor, which has ended; empty if
  /// the descriptor is none of ours. It is watched no more.
  std::vector<std::string> take_end(int pidfd);

 private:
  struct Process {
    int pidfd;
    std::set<std::string> segments;
  };
  void forget(std::map<std::uint32_t, Process>::iterator process);

  int epoll_;
  std::map<std::uint32_t, Process> processes_;
  std::map<std::string, std::set<std::uint32_t>> pids_of_;
};

}  // namespace evo::tools
