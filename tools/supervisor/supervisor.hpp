/// Watches a domain, tells of every death and cleans up behind it.
///
/// Correctness depends on none of this: takeover, attach and cleanup ask the kernel's locks
/// themselves. The supervisor makes the dead known at once and removes what nobody takes over.
/// Two of them at once do no harm.
///
/// It goes on where descriptors, memory or inotify are short: it scans in place of watching, and a
/// step that failed is made up for by a scan that compares all segments with what was reported.
#pragma once

#include <chrono>
#include <exception>
#include <map>
#include <optional>
#include <string>

#include "due_times.hpp"
#include "event_hook.hpp"
#include "event_log.hpp"
#include "evo/cleanup.hpp"
#include "evo/discovery.hpp"
#include "process_watch.hpp"
#include "reporter.hpp"
#include "service_manager.hpp"

namespace evo::tools {

struct SupervisorOptions {
  Domain domain = Domain::from_environment();
  CleanupPolicy policy = {};
  /// A scan behind the events, in case one was lost.
  std::chrono::milliseconds scan_interval = std::chrono::seconds(30);
  /// The same where there are no pidfds, or none are wanted, or where not all can be watched.
  std::chrono::milliseconds simulation_interval = std::chrono::seconds(5);
  bool use_pidfds = true;
  /// Run by the supervisor, and must outlive it; null: no command. The log's listener feeds it.
  EventHook* hook = nullptr;
};

class Supervisor {
 public:
  /// `log` must outlive it.
  Supervisor(const SupervisorOptions& options, EventLog& log);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  /// One pass of cleaning. False, after a line in the log, if the domain cannot be looked at.
  bool run_once();

  /// Works until SIGTERM or SIGINT, which the caller must have blocked in every thread.
  bool run();

 private:
  bool set_up();
  void start();
  void step();
  void handle(std::uint64_t data);
  void note_failure(const std::exception& error) noexcept;

  void see(DiscoveryEvent event, const SegmentInfo& info);
  void watch_processes(const SegmentInfo& info);
  void clean(const std::string& name);
  void tell(const CleanupItem& item);
  void clean_what_is_due();

  void scan();
  void see_all();
  void clean_orphans();
  void tell_scan(const Result<std::size_t>& scanned);
  void tell_failures();
  void tell_blindness();
  [[nodiscard]] std::string blindness() const;
  [[nodiscard]] std::uint64_t next_scan_ns() const;

  void run_hook();
  [[nodiscard]] int milliseconds_to_next() const;

  SupervisorOptions options_;
  EventLog& log_;
  int epoll_ = -1;
  int signals_ = -1;
  std::optional<SegmentDiscovery> discovery_;
  ProcessWatch processes_;
  Reporter reporter_;
  ServiceManager manager_;
  DueTimes due_;                                   // when a dead segment's grace is over
  std::map<std::string, std::string> left_alone_;  // and the reason told
  std::uint64_t last_scan_ns_ = 0;
  std::string scan_error_;      // reported; empty once a scan succeeds
  bool blind_ = false;          // reported
  std::uint64_t failures_ = 0;  // not reported yet
  std::string failure_;         // the last of them
  bool look_again_ = false;
  bool stop_ = false;
};

}  // namespace evo::tools
