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
  /// `epoll` reports the pidfds, with data that `take_end` knows; it must outlive this object.
  explicit ProcessWatch(int epoll) : epoll_(epoll) {}
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;
  ~ProcessWatch();

  /// Whether this kernel has pidfds. ProcessWatch also works without: it watches nothing.
  static bool available();

  /// From now on these are the processes that the segment depends on. One that cannot be watched,
  /// because descriptors or memory are short, is tried again at the next call.
  void watch(const std::string& segment, const std::set<std::uint32_t>& pids);

  /// The segments that depend on the process whose end epoll reported with this data. It is watched
  /// no more: watch() again what still depends on it, because its pid may be another process's.
  /// Empty if the data is not ours, or of an end that was taken.
  std::vector<std::string> take_end(std::uint64_t data);

  /// Segments with a process that could not be watched although it is there.
  [[nodiscard]] std::size_t incomplete() const { return incomplete_.size(); }

 private:
  struct Process {
    int pidfd;
    std::set<std::string> segments;
  };
  using Processes = std::map<std::uint32_t, Process>;
  void forget(Processes::iterator process);
  /// Whether the process need not be watched, or is.
  bool add(const std::string& segment, std::uint32_t pid);

  int epoll_;
  Processes processes_;
  std::map<std::string, std::set<std::uint32_t>> pids_of_;
  std::set<std::string> incomplete_;
};

}  // namespace evo::tools
