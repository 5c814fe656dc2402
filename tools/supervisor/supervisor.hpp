/// Watches a domain, tells of every death and cleans up behind it.
///
/// Correctness depends on none of this: takeover, attach and cleanup ask the kernel's locks
/// themselves. The supervisor makes the dead known at once and removes what nobody takes over.
/// Two of them at once do no harm.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "event_hook.hpp"
#include "event_log.hpp"
#include "evo/cleanup.hpp"
#include "evo/discovery.hpp"
#include "process_watch.hpp"

namespace evo::tools {

struct SupervisorOptions {
  Domain domain = Domain::from_environment();
  CleanupPolicy policy = {};
  /// A scan behind the events, in case one was lost.
  std::chrono::milliseconds scan_interval = std::chrono::seconds(30);
  /// The same where there are no pidfds, or none are wanted.
  std::chrono::milliseconds simulation_interval = std::chrono::seconds(5);
  bool use_pidfds = true;
  /// Run by the supervisor, and must outlive it; null: no command. The log's listener feeds it.
  EventHook* hook = nullptr;
};

class Supervisor {
 public:
  Supervisor(const SupervisorOptions& options, const EventLog& log);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  /// One pass of cleaning. False, after a line in the log, if the domain cannot be looked at.
  bool run_once();

  /// Works until SIGTERM or SIGINT, which the caller must have blocked in every thread.
  bool run();

 private:
  /// What was last told about a segment.
  struct Known {
    WriterState writer_state = WriterState::Closed;
    std::uint64_t incarnation = 0;
    std::map<std::pair<std::uint32_t, std::uint64_t>, AttachedReader> readers;
  };

  bool set_up();
  void handle(int fd);
  void update();
  void see(DiscoveryEvent event, const SegmentInfo& info);
  void tell_writer(const Known& before, const SegmentInfo& info);
  void tell_readers(Known& known, const SegmentInfo& info);
  void clean(const std::string& name);
  void tell(const CleanupItem& item);
  void clean_what_is_due();
  void scan();
  void run_hook();
  [[nodiscard]] int milliseconds_to_next() const;

  SupervisorOptions options_;
  EventLog log_;
  int epoll_ = -1;
  int signals_ = -1;
  std::optional<SegmentDiscovery> discovery_;
  ProcessWatch processes_;
  std::map<std::string, Known> known_;
  std::map<std::string, std::uint64_t> due_ns_;    // when a dead segment's grace is over
  std::map<std::string, std::string> left_alone_;  // and the reason told
  std::uint64_t next_scan_ns_ = 0;
  std::uint64_t next_watchdog_ns_ = 0;
  std::chrono::nanoseconds scan_interval_{0};
  bool stop_ = false;
};

}  // namespace evo::tools
