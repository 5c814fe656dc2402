// SPDX-License-Identifier: Apache-2.0
/// Watches a domain, reports every death and cleans up after it.
///
/// Correctness does not depend on it: takeover, attach and cleanup check the kernel locks
/// themselves. The supervisor reports deaths immediately and removes segments that no writer takes
/// over. Two supervisors at the same time do no harm.
///
/// It continues if descriptors, memory or inotify watches run short: it scans instead of watching,
/// and a scan that compares all segments with the reported state makes up for a failed step.
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
  /// A scan in addition to the events, in case one was lost.
  std::chrono::milliseconds scan_interval = std::chrono::seconds(30);
  /// The interval if there are no pidfds, if they are disabled, or if not all processes can be
  /// watched.
  std::chrono::milliseconds simulation_interval = std::chrono::seconds(5);
  bool use_pidfds = true;
  /// The supervisor runs it; it must outlive the supervisor; null: no command. The log's listener
  /// feeds it.
  EventHook* hook = nullptr;
};

class Supervisor {
 public:
  /// `log` must outlive it.
  Supervisor(const SupervisorOptions& options, EventLog& log);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  /// One cleanup pass. False, after a line in the log, if the domain cannot be inspected.
  bool run_once();

  /// Runs until SIGTERM or SIGINT, which the caller must have blocked in every thread.
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
  DueTimes due_;                                   // when the grace period of a dead segment ends
  std::map<std::string, std::string> left_alone_;  // and the reported reason
  std::uint64_t last_scan_ns_ = 0;
  std::string scan_error_;      // reported; empty once a scan succeeds
  bool blind_ = false;          // reported
  std::uint64_t failures_ = 0;  // not reported yet
  std::string failure_;         // the last of them
  bool look_again_ = false;
  bool stop_ = false;
};

}  // namespace evo::tools
