// SPDX-License-Identifier: Apache-2.0
/// Runs a user-supplied command when something happens, with the events on its standard input: one
/// JSON object per line, as in the JSON log.
///
/// One run at a time, at most one start per interval. The next run receives all events since, so a
/// burst of deaths starts few commands and loses no event. A run that cannot start, for lack of
/// descriptors or memory, is retried after the interval. The command runs in a process group of its
/// own; its output goes to the supervisor's stderr.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "event.hpp"

namespace evo::tools {

struct EventHookOptions {
  std::string command;  ///< for /bin/sh -c
  /// Events that run it; empty: all of level warning and error.
  std::set<std::string> events = {};
  std::chrono::nanoseconds interval = std::chrono::seconds(1);  ///< from start to start
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);  ///< then it is killed
  rlim_t open_files = RLIM_INFINITY;  ///< its soft limit, if the supervisor's is not lower
};

class EventHook {
 public:
  /// `complain(event, fields)` reports failures of the hook itself.
  using Complain = std::function<void(std::string_view event, EventFields fields)>;

  explicit EventHook(EventHookOptions options) : options_(std::move(options)) {}
  EventHook(const EventHook&) = delete;
  EventHook& operator=(const EventHook&) = delete;
  /// Kills a command that is still running.
  ~EventHook();

  /// Keeps a line of the log for the next run if the event is selected.
  void offer(const Event& event);

  /// Checks on the running command and starts the next one when it is due. Call it when a child has
  /// ended, and no later than at `wake_ns()`.
  void step(const Complain& complain);

  /// CLOCK_MONOTONIC time of the next step(); nullopt: only after a new event.
  [[nodiscard]] std::optional<std::uint64_t> wake_ns() const;

  /// Passes the remaining events to a last run and waits for it to end.
  void finish(const Complain& complain);

 private:
  void reap(const Complain& complain);
  void start(const Complain& complain);
  [[nodiscard]] std::string lines() const;
  void complain_of_start(const Complain& complain, int error);

  EventHookOptions options_;
  std::vector<std::string> lines_;
  std::uint64_t dropped_ = 0;
  pid_t running_ = 0;
  int start_error_ = 0;  // reported; 0 once a start succeeds
  bool killed_ = false;
  std::uint64_t started_ns_ = 0;
};

/// The names of the events that may run it.
[[nodiscard]] const std::set<std::string>& event_names();

}  // namespace evo::tools
