#include "supervisor.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "evo/clock.hpp"
#include "look/words.hpp"
#include "service_manager.hpp"

namespace evo::tools {

namespace {

using Json = nlohmann::ordered_json;

int make_epoll() {
  return ::epoll_create1(EPOLL_CLOEXEC);
}

std::string text_of(const Error& error) {
  return fmt::format("{}", error);
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

Supervisor::Supervisor(const SupervisorOptions& options, const EventLog& log)
    : options_(options), log_(log), epoll_(make_epoll()), processes_(epoll_) {}

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
             {{"domain", options_.domain.path().string()}, {"removed", report->removed()}});
  return true;
}

bool Supervisor::set_up() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGTERM);
  ::sigaddset(&wanted, SIGINT);
  ::sigaddset(&wanted, SIGCHLD);
  signals_ = ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
  auto started = SegmentDiscovery::start(options_.domain);
  if (!started) {
    log_.write("error", "cannot_watch", {{"error", text_of(started.error())}});
    return false;
  }
  discovery_.emplace(std::move(*started));
  for (const int fd : {signals_, discovery_->fd()}) {
    epoll_event readable{};
    readable.events = EPOLLIN;
    readable.data.fd = fd;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &readable) != 0) return false;
  }
  if (options_.use_pidfds && !ProcessWatch::available()) {
    log_.write("warning", "no_pidfds",
               {{"consequence", "deaths are looked for by scanning alone"},
                {"interval_s", seconds(options_.simulation_interval)}});
    options_.use_pidfds = false;
  }
  scan_interval_ = options_.use_pidfds ? options_.scan_interval : options_.simulation_interval;
  return true;
}

bool Supervisor::run() {
  if (!set_up()) return false;
  log_.write("info", "started",
             {{"domain", options_.domain.path().string()},
              {"pid", ::getpid()},
              {"grace_s", seconds(options_.policy.grace)},
              {"scan_interval_s", seconds(scan_interval_)},
              {"pidfds", options_.use_pidfds}});
  discovery_->on_change(
      [this](DiscoveryEvent event, const SegmentInfo& info) { see(event, info); });
  scan();
  notify_service_manager("READY=1\nSTATUS=watching " + options_.domain.path().string());
  while (!stop_) {
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), milliseconds_to_next());
    for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)].data.fd);
    clean_what_is_due();
    run_hook();
    const std::uint64_t now = monotonic_ns();
    if (now >= next_scan_ns_) scan();
    if (const auto interval = watchdog_interval(); interval && now >= next_watchdog_ns_) {
      notify_service_manager("WATCHDOG=1");
      next_watchdog_ns_ = now + static_cast<std::uint64_t>(interval->count()) * 1000;
    }
  }
  notify_service_manager("STOPPING=1");
  log_.write("info", "stopped", {{"domain", options_.domain.path().string()}});
  return true;
}

void Supervisor::handle(int fd) {
  if (fd == signals_) {
    signalfd_siginfo signal{};
    while (::read(signals_, &signal, sizeof signal) > 0) stop_ |= signal.ssi_signo != SIGCHLD;
  } else if (fd == discovery_->fd()) {
    update();
  } else {
    // Only a reason to ask the locks; that is what refresh does, and see() hears of it.
    for (const std::string& name : processes_.take_end(fd)) {
      static_cast<void>(discovery_->refresh(name));
    }
  }
}

void Supervisor::update() {
  if (const auto updated = discovery_->update(); !updated) {
    log_.write("error", "cannot_scan", {{"error", text_of(updated.error())}});
  }
}

void Supervisor::see(DiscoveryEvent event, const SegmentInfo& info) {
  Known& known = known_[info.name];
  if (event == DiscoveryEvent::Vanished) {
    if (known.writer_state == WriterState::Alive) {
      log_.write("info", "writer_closed", {{"segment", info.name}, {"pid", info.writer_pid}});
    }
    log_.write("info", "segment_vanished", {{"segment", info.name}});
    if (options_.use_pidfds) processes_.watch(info.name, {});
    known_.erase(info.name);
    due_ns_.erase(info.name);
    left_alone_.erase(info.name);
    return;
  }
  if (event == DiscoveryEvent::Appeared) {
    log_.write("info", "segment_appeared",
               {{"segment", info.name}, {"condition", to_string(info.condition)}});
  }
  // Told when it has said who it is and the segment is whole; it will say so.
  const bool starting = info.writer_state == WriterState::Alive &&
                        (info.writer_pid == 0 || info.condition == SegmentCondition::Unfinished);
  if (!starting) {
    tell_writer(known, info);
    known.writer_state = info.writer_state;
    known.incarnation = info.incarnation;
  }
  tell_readers(known, info);
  std::set<std::uint32_t> pids;
  if (info.writer_state == WriterState::Alive && info.writer_pid != 0) pids.insert(info.writer_pid);
  for (const AttachedReader& reader : info.readers) {
    if (reader.pid != 0) pids.insert(reader.pid);
  }
  if (options_.use_pidfds) processes_.watch(info.name, pids);
}

void Supervisor::tell_writer(const Known& before, const SegmentInfo& info) {
  const bool another = info.incarnation != before.incarnation;
  if (!another && info.writer_state == before.writer_state) return;
  Json fields = {{"segment", info.name},
                 {"pid", info.writer_pid},
                 {"executable", info.writer_executable},
                 {"incarnation", info.incarnation}};
  switch (info.writer_state) {
    case WriterState::Alive:
      fields["takeover"] = before.writer_state == WriterState::Dead;
      log_.write("info", "writer_started", std::move(fields));
      due_ns_.erase(info.name);
      break;
    case WriterState::Dead:
      // Removing its files changes the incarnation, too; that death was told.
      if (info.condition == SegmentCondition::Removed && before.writer_state == WriterState::Dead) {
        break;
      }
      fields["sequence"] = info.sequence;
      log_.write("warning", "writer_died", std::move(fields));
      clean(info.name);  // marks it, so that readers know, and says how long it stays
      break;
    case WriterState::Closed:
      if (before.writer_state == WriterState::Alive) {
        log_.write("info", "writer_closed", std::move(fields));
      }
      break;
    case WriterState::Detached:  // of an attached reader only
      break;
  }
}

void Supervisor::tell_readers(Known& known, const SegmentInfo& info) {
  decltype(known.readers) present;
  for (const AttachedReader& reader : info.readers) {
    present.emplace(std::pair(reader.index, reader.attached_realtime_ns), reader);
  }
  const auto tell = [&](std::string_view event, const AttachedReader& reader) {
    log_.write("info", event,
               {{"segment", info.name}, {"pid", reader.pid}, {"process", reader.process_name}});
  };
  for (const auto& [key, reader] : known.readers) {
    if (!present.contains(key)) tell("reader_left", reader);
  }
  for (const auto& [key, reader] : present) {
    if (!known.readers.contains(key)) tell("reader_attached", reader);
  }
  known.readers = std::move(present);
}

void Supervisor::clean(const std::string& name) {
  due_ns_.erase(name);
  const auto report = cleanup_orphaned_segment(options_.domain, name, options_.policy);
  if (!report) return;  // it has gone
  for (const CleanupItem& item : report->items) {
    tell(item);
    if (item.action == CleanupAction::Waiting) {
      due_ns_[name] = monotonic_ns() + static_cast<std::uint64_t>(item.left.count());
    }
  }
}

void Supervisor::tell(const CleanupItem& item) {
  Json fields = {{"segment", item.name}, {"reason", item.reason}};
  switch (item.action) {
    case CleanupAction::Removed:
      fields["pid"] = item.writer_pid;
      log_.write("info", "segment_removed", std::move(fields));
      left_alone_.erase(item.name);
      break;
    case CleanupAction::WouldRemove:
      log_.write("info", "segment_would_be_removed", std::move(fields));
      break;
    case CleanupAction::Waiting:
      fields["left_s"] = seconds(item.left);
      log_.write("info", "segment_waits_for_successor", std::move(fields));
      break;
    case CleanupAction::StillRead:
      break;  // as it should be
    case CleanupAction::LeftAlone:
      if (std::exchange(left_alone_[item.name], item.reason) == item.reason) return;  // told
      log_.write("warning", "segment_left_alone", std::move(fields));
      break;
  }
}

void Supervisor::clean_what_is_due() {
  const std::uint64_t now = monotonic_ns();
  std::vector<std::string> names;
  for (const auto& [name, due] : due_ns_) {
    if (due <= now) names.push_back(name);
  }
  for (const std::string& name : names) clean(name);
}

void Supervisor::scan() {
  next_scan_ns_ = monotonic_ns() + static_cast<std::uint64_t>(scan_interval_.count());
  if (const auto scanned = discovery_->rescan(); !scanned) {
    log_.write("error", "cannot_scan", {{"error", text_of(scanned.error())}});
    return;
  }
  // What has no live writer and was not marked yet: half-made ones, those of an earlier boot.
  std::vector<std::string> names;
  for (const SegmentInfo& info : discovery_->segments()) {
    // Without data, but with readers: the last of them clears up.
    const bool ending = has_no_data(info) && !info.readers.empty();
    if (info.writer_state != WriterState::Alive && !ending && !due_ns_.contains(info.name)) {
      names.push_back(info.name);
    }
  }
  for (const std::string& name : names) clean(name);
}

void Supervisor::run_hook() {
  if (options_.hook == nullptr) return;
  options_.hook->step([this](std::string_view event, Json fields) {
    log_.write("warning", event, std::move(fields));
  });
}

int Supervisor::milliseconds_to_next() const {
  std::uint64_t next = next_scan_ns_;
  for (const auto& [name, due] : due_ns_) next = std::min(next, due);
  if (watchdog_interval()) next = std::min(next, next_watchdog_ns_);
  if (options_.hook != nullptr) next = std::min(next, options_.hook->wake_ns().value_or(next));
  const std::uint64_t now = monotonic_ns();
  if (next <= now) return 0;
  return static_cast<int>(std::min<std::uint64_t>((next - now) / 1'000'000 + 1, 3'600'000));
}

}  // namespace evo::tools
