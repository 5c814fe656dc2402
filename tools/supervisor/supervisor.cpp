// SPDX-License-Identifier: Apache-2.0
#include "supervisor.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "descriptor_limit.hpp"
#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "inspect/labels.hpp"

namespace evo::tools {

namespace {

/// After a failed step, most likely for lack of memory.
constexpr int kPauseMs = 100;

/// The descriptor is the event data.
bool add_to_epoll(int epoll, int fd) {
  epoll_event readable{};
  readable.events = EPOLLIN;
  readable.data.u64 = static_cast<std::uint64_t>(fd);
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &readable) == 0;
}

std::string text_of(const Error& error) {
  return fmt::format("{}", error);
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

Supervisor::Supervisor(const SupervisorOptions& options, EventLog& log)
    : options_(options),
      log_(log),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      processes_(epoll_),
      reporter_(options.domain, log) {}

Supervisor::~Supervisor() {
  if (signals_ >= 0) ::close(signals_);
  if (epoll_ >= 0) ::close(epoll_);
}

bool Supervisor::run_once() {
  const auto report = cleanup_orphaned_segments(options_.domain, options_.policy);
  if (!report) {
    log_.write("error", "cannot_clean_up", {{"error", text_of(report.error())}});
    return false;
  }
  for (const CleanupItem& item : report->items) tell(item);
  log_.write("info", "pass_done",
             {{"domain", options_.domain.path()}, {"removed", report->removed()}});
  return true;
}

bool Supervisor::set_up() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGTERM);
  ::sigaddset(&wanted, SIGINT);
  ::sigaddset(&wanted, SIGCHLD);
  signals_ = ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
  auto started = SegmentDiscovery::start(options_.domain, WithoutInotify::Scan);
  if (!started) {
    log_.write("error", "cannot_watch", {{"error", text_of(started.error())}});
    return false;
  }
  discovery_.emplace(std::move(*started));
  if (!add_to_epoll(epoll_, signals_) || !add_to_epoll(epoll_, discovery_->fd())) {
    log_.write("error", "cannot_watch", {{"error", std::strerror(errno)}});
    return false;
  }
  if (options_.use_pidfds && !ProcessWatch::available()) {
    log_.write("warning", "no_pidfds",
               {{"consequence", "deaths are found by scanning only"},
                {"interval_s", seconds(options_.simulation_interval)}});
    options_.use_pidfds = false;
  }
  start();
  return true;
}

void Supervisor::start() {
  const auto interval = options_.use_pidfds ? options_.scan_interval : options_.simulation_interval;
  log_.write("info", "started",
             {{"domain", options_.domain.path()},
              {"pid", ::getpid()},
              {"grace_s", seconds(options_.policy.grace)},
              {"scan_interval_s", seconds(interval)},
              {"pidfds", options_.use_pidfds}});
  discovery_->on_progress([this] { manager_.keep_informed(); });
  discovery_->on_change(
      [this](DiscoveryEvent event, const SegmentInfo& info) { see(event, info); });
}

bool Supervisor::run() {
  if (!set_up()) return false;
  try {
    scan();
  } catch (const std::exception& error) {
    note_failure(error);
  }
  manager_.ready("watching " + options_.domain.path());
  while (!stop_) {
    try {
      step();
    } catch (const std::exception& error) {
      note_failure(error);
    }
  }
  try {
    static_cast<void>(notify_service_manager("STOPPING=1"));
    log_.write("info", "stopped", {{"domain", options_.domain.path()}});
  } catch (const std::exception& error) {
    note_failure(error);  // it ends all the same
  }
  return true;
}

void Supervisor::step() {
  manager_.keep_informed();
  if (look_again_) {
    pollfd signal{signals_, POLLIN, 0};
    ::poll(&signal, 1, kPauseMs);
  }
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(epoll_, events.data(), events.size(), milliseconds_to_next());
  for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)].data.u64);
  clean_what_is_due();
  run_hook();
  if (look_again_ || monotonic_ns() >= next_scan_ns()) scan();
}

/// The next scan makes up for the failed step.
void Supervisor::note_failure(const std::exception& error) noexcept {
  ++failures_;
  look_again_ = true;
  try {
    const bool no_memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
    failure_ = no_memory ? "out of memory" : error.what();
  } catch (const std::exception&) {
    // The number is reported.
  }
}

void Supervisor::handle(std::uint64_t data) {
  if (data == static_cast<std::uint64_t>(signals_)) {
    signalfd_siginfo signal{};
    while (::read(signals_, &signal, sizeof signal) > 0) stop_ |= signal.ssi_signo != SIGCHLD;
  } else if (data == static_cast<std::uint64_t>(discovery_->fd())) {
    tell_scan(discovery_->update());
  } else {
    // Only a reason to check the locks; refresh does that, and see() receives the result.
    for (const std::string& name : processes_.take_end(data)) {
      tell_scan(discovery_->refresh(name));
      // A process with the same PID may have taken over the segment.
      if (const SegmentInfo* info = discovery_->find(name)) watch_processes(*info);
    }
  }
}

/// A failure here does not affect other segments.
void Supervisor::see(DiscoveryEvent event, const SegmentInfo& info) try {
  if (event == DiscoveryEvent::Vanished) {
    reporter_.take_vanished(info.name);
    processes_.watch(info.name, {});
    due_.erase(info.name);
    left_alone_.erase(info.name);
    return;
  }
  const WriterChange change = reporter_.take(info);
  watch_processes(info);
  if (change == WriterChange::Started) due_.erase(info.name);
  // Marks it for readers, or removes it, after all deaths found at the same time are reported.
  if (change == WriterChange::Died) due_.set(info.name, 0);
} catch (const std::exception& error) {
  note_failure(error);
}

void Supervisor::watch_processes(const SegmentInfo& info) {
  // If it cannot be read, it is assumed unchanged.
  if (!options_.use_pidfds || !knows_readers(info)) return;
  std::set<std::uint32_t> pids;
  if (info.writer_state == WriterState::Alive && info.writer_pid != 0) pids.insert(info.writer_pid);
  for (const AttachedReader& reader : info.readers) {
    if (reader.pid != 0) pids.insert(reader.pid);
  }
  processes_.watch(info.name, pids);
}

void Supervisor::clean(const std::string& name) {
  due_.erase(name);
  const auto report = cleanup_orphaned_segment(options_.domain, name, options_.policy);
  if (!report) return;  // it is gone
  for (const CleanupItem& item : report->items) {
    tell(item);
    if (item.action == CleanupAction::Waiting) {
      due_.set(name, monotonic_ns() + static_cast<std::uint64_t>(item.left.count()));
    }
  }
}

void Supervisor::tell(const CleanupItem& item) {
  EventFields fields = {{"segment", item.name}, {"reason", item.reason}};
  switch (item.action) {
    case CleanupAction::Removed:
      fields.emplace_back("pid", item.writer_pid);
      log_.write("info", "segment_removed", std::move(fields));
      left_alone_.erase(item.name);
      break;
    case CleanupAction::WouldRemove:
      log_.write("info", "segment_would_be_removed", std::move(fields));
      break;
    case CleanupAction::Waiting:
      fields.emplace_back("left_s", seconds(item.left));
      log_.write("info", "segment_waits_for_successor", std::move(fields));
      break;
    case CleanupAction::StillRead:
      break;  // as expected
    case CleanupAction::LeftAlone:
      if (std::exchange(left_alone_[item.name], item.reason) == item.reason)
        return;  // already
                 // reported
      log_.write("warning", "segment_left_alone", std::move(fields));
      break;
  }
}

void Supervisor::clean_what_is_due() {
  const std::uint64_t now = monotonic_ns();
  while (const auto name = due_.due(now)) {
    clean(*name);
    manager_.keep_informed();
  }
}

void Supervisor::scan() {
  last_scan_ns_ = monotonic_ns();
  const auto scanned = discovery_->rescan();
  tell_scan(scanned);
  if (scanned) scan_error_.clear();
  look_again_ = false;
  see_all();
  clean_orphans();
  tell_blindness();
  if (!look_again_) tell_failures();
}

/// Compares the domain with the reported state, in case an event was lost.
void Supervisor::see_all() {
  for (const std::string& name : reporter_.names()) {
    if (discovery_->find(name) != nullptr) continue;
    SegmentInfo gone;
    gone.name = name;
    see(DiscoveryEvent::Vanished, gone);
  }
  for (const SegmentInfo& info : discovery_->segments()) {
    see(DiscoveryEvent::Changed, info);
    manager_.keep_informed();
  }
}

/// Segments with no live writer that are not marked yet: half-created ones, and those from an
/// earlier boot.
void Supervisor::clean_orphans() {
  std::vector<std::string> names;
  for (const SegmentInfo& info : discovery_->segments()) {
    // Without data but with readers: the last reader removes it.
    const bool ending = has_no_data(info) && !info.readers.empty();
    if (info.writer_state != WriterState::Alive && !ending && !due_.contains(info.name)) {
      names.push_back(info.name);
    }
  }
  for (const std::string& name : names) {
    clean(name);
    manager_.keep_informed();
  }
}

void Supervisor::tell_scan(const Result<std::size_t>& scanned) {
  if (scanned) return;
  std::string error = text_of(scanned.error());
  if (error != scan_error_) log_.write("error", "cannot_scan", {{"error", error}});
  scan_error_ = std::move(error);
}

void Supervisor::tell_failures() {
  if (failures_ == 0) return;
  EventFields fields = {{"count", failures_}, {"error", failure_}};
  failures_ = 0;
  log_.write("error", "steps_failed", std::move(fields));
}

/// Why only the next scan may find a death; empty if each is reported immediately.
std::string Supervisor::blindness() const {
  if (!discovery_->watches()) {
    return "the inotify limits are exhausted (see /proc/sys/fs/inotify/max_user_*)";
  }
  if (processes_.incomplete() != 0) {
    return fmt::format(
        "the limit of open files ({}) is too low to watch the processes of {} "
        "segments; raise it (ulimit -n)",
        descriptor_limit(), processes_.incomplete());
  }
  return {};
}

void Supervisor::tell_blindness() {
  const std::string reason = blindness();
  if (!reason.empty() && !blind_) {
    log_.write("warning", "watch_incomplete",
               {{"reason", reason}, {"interval_s", seconds(options_.simulation_interval)}});
  }
  blind_ = !reason.empty();
}

std::uint64_t Supervisor::next_scan_ns() const {
  const bool sees_all = options_.use_pidfds && processes_.incomplete() == 0 &&
                        discovery_->watches() && scan_error_.empty();
  const auto interval = sees_all ? options_.scan_interval : options_.simulation_interval;
  return last_scan_ns_ + static_cast<std::uint64_t>(std::chrono::nanoseconds(interval).count());
}

void Supervisor::run_hook() {
  if (options_.hook == nullptr) return;
  options_.hook->step([this](std::string_view event, EventFields fields) {
    log_.write("warning", event, std::move(fields));
  });
}

int Supervisor::milliseconds_to_next() const {
  if (look_again_) return 0;
  std::uint64_t next = next_scan_ns();
  next = std::min(next, due_.next().value_or(next));
  next = std::min(next, manager_.wake_ns().value_or(next));
  if (options_.hook != nullptr) next = std::min(next, options_.hook->wake_ns().value_or(next));
  const std::uint64_t now = monotonic_ns();
  if (next <= now) return 0;
  return static_cast<int>(std::min<std::uint64_t>((next - now) / 1'000'000 + 1, 3'600'000));
}

}  // namespace evo::tools
