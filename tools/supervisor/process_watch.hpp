// SPDX-License-Identifier: Apache-2.0
/// Detects the death of processes immediately, by pidfd.
///
/// A PID in a segment is only a hint: it may be from another PID namespace, or of a process that
/// died long ago. So an event here is only a reason to check the kernel locks.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace evo::tools {

class ProcessWatch {
 public:
  /// `epoll` reports the pidfds, with data for `take_end`; it must outlive this object.
  explicit ProcessWatch(int epoll) : epoll_(epoll) {}
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;
  ~ProcessWatch();

  /// Whether this kernel has pidfds. Without them ProcessWatch watches nothing.
  static bool available();

  /// Sets the processes that the segment depends on. One that cannot be watched, for lack of
  /// descriptors or memory, is retried at the next call.
  void watch(const std::string& segment, const std::set<std::uint32_t>& pids);

  /// The segments that depend on the process whose end epoll reported with this data. The process
  /// is no longer watched: watch() again what still depends on it, because its PID may now be
  /// another process's. Empty if the data is not ours, or if that end was already taken.
  std::vector<std::string> take_end(std::uint64_t data);

  /// Number of segments with an existing process that could not be watched.
  [[nodiscard]] std::size_t incomplete() const { return incomplete_.size(); }

 private:
  struct Process {
    int pidfd;
    std::set<std::string> segments;
  };
  using Processes = std::map<std::uint32_t, Process>;
  void forget(Processes::iterator process);
  /// Whether the process is being watched, or need not be.
  bool add(const std::string& segment, std::uint32_t pid);

  int epoll_;
  Processes processes_;
  std::map<std::string, std::set<std::uint32_t>> pids_of_;
  std::set<std::string> incomplete_;
};

}  // namespace evo::tools
