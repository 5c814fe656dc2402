// SPDX-License-Identifier: Apache-2.0
#include "maintenance/discovery_cache.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "attachment/data_file.hpp"
#include "evo/format.hpp"
#include "evo/segment_paths.hpp"
#include "system/domain_scan.hpp"
#include "system/fork_guard.hpp"

namespace evo {

namespace {

/// A death shows as the closing of files, and the kernel reports that a moment before it frees the
/// locks. So a segment whose file was closed is inspected again after this time.
constexpr long kSecondLookNs = 2'000'000;
/// Delay before a failed scan is retried.
constexpr long kRetryNs = 100'000'000;

constexpr std::string_view kPrefix = "evo_";
constexpr std::string_view kMetaSuffix = ".meta";

/// Whether two inspections of a segment differ in more than what changes with each publish.
bool differ(const SegmentInfo& before, const SegmentInfo& after) {
  const auto readers_of = [](const SegmentInfo& info) {
    std::vector<std::pair<std::uint32_t, std::uint64_t>> readers;
    for (const AttachedReader& reader : info.readers) {
      readers.emplace_back(reader.index, reader.attached_realtime_ns);
    }
    return readers;
  };
  return before.condition != after.condition || before.writer_state != after.writer_state ||
         before.incarnation != after.incarnation || before.writer_pid != after.writer_pid ||
         before.data_file != after.data_file || before.found_dead_ns != after.found_dead_ns ||
         // A segment that its process closed and recreated may be the same in all of the above.
         before.writer_started_realtime_ns != after.writer_started_realtime_ns ||
         before.layout.created_realtime_ns != after.layout.created_realtime_ns ||
         readers_of(before) != readers_of(after);
}

/// A capacity that holds one more element and grows by doubling, as a vector's own does.
std::size_t grown(std::size_t size) {
  return std::bit_ceil(size + 1);
}

/// While this object exists, events are queued.
class Telling {
 public:
  explicit Telling(bool& telling) : telling_(telling), before_(std::exchange(telling, true)) {}
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;
  ~Telling() { telling_ = before_; }

 private:
  bool& telling_;
  bool before_;
};

}  // namespace

/// Callbacks call back into this class, so call this only when the cache is consistent. The
/// outermost call reports all events, so that each callback receives them in order. After an
/// exception, the next call continues with the callback after the one that threw.
void SegmentDiscovery::Cache::tell() {
  if (telling) return;
  const Telling round(telling);
  while (!waiting.empty()) {
    // Both are copied: a callback may add and remove callbacks, including itself.
    const Event event = waiting.front();
    const auto called = listeners;
    for (const auto& listener : called) {
      if (listener->removed || event.number < listener->next_event) continue;
      listener->next_event = event.number + 1;
      listener->callback(event.what, event.info);
    }
    waiting.pop_front();
    progress();
  }
}

CallbackId SegmentDiscovery::Cache::add(Callback callback) {
  const auto listener = std::make_shared<Listener>();
  listener->id = CallbackId{++last_id};
  listener->callback = std::move(callback);
  listener->next_event = next_event;
  {
    // Events of nested calls are reported later, after the segments that are there now.
    const Telling round(telling);
    const std::vector<SegmentInfo> there = segments;
    for (const SegmentInfo& info : there) listener->callback(DiscoveryEvent::Appeared, info);
    listeners.push_back(listener);
  }
  tell();
  return listener->id;
}

bool SegmentDiscovery::Cache::remove(CallbackId id) {
  const auto found = std::ranges::find(listeners, id, [](const auto& each) { return each->id; });
  if (found == listeners.end()) return false;
  // Destroying it may destroy its captures. Their destructors find a consistent list.
  const auto listener = std::move(*found);
  listeners.erase(found);
  listener->removed = true;
  return true;
}

/// Determines which segments an event may concern.
void SegmentDiscovery::Cache::concern(std::string_view file) {
  if (const auto name = detail::segment_of_control(file); !name.empty()) {
    concerned.emplace(name);
    return;
  }
  if (!file.starts_with(kPrefix)) return;
  std::string_view words = file.substr(kPrefix.size());
  if (words.ends_with(kMetaSuffix)) {
    words.remove_suffix(kMetaSuffix.size());
    if (is_segment_name(words)) concerned.emplace(words);
  } else if (detail::is_data_file_name(file)) {
    // An underscore may be part of the module or of the name.
    words = words.substr(0, words.rfind('_'));
    for (auto gap = words.find('_'); gap != words.npos; gap = words.find('_', gap + 1)) {
      const std::string_view name = words.substr(gap + 1);
      if (is_segment_name(name)) concerned.emplace(name);
    }
  }
}

/// Inspects a segment. Returns whether anything is new, and queues the event. If memory runs out,
/// the segment stays as it was: the event is queued before the segment changes, and taken back if
/// the change fails.
bool SegmentDiscovery::Cache::look_at(const detail::Inspector& inspector, const std::string& name) {
  auto look = inspector.look(name);
  progress();
  if (look.starved) {
    starved = true;
    return false;
  }
  auto& info = look.info;
  const auto known = index.find(name);
  if (!info) {
    if (known == index.end()) return false;
    const std::size_t position = known->second;
    note(DiscoveryEvent::Vanished, segments[position]);
    index.erase(known);
    if (position + 1 != segments.size()) {
      segments[position] = std::move(segments.back());
      index.find(segments[position].name)->second = position;
    }
    segments.pop_back();
    return true;
  }
  if (known == index.end()) {
    segments.reserve(grown(segments.size()));
    const auto added = index.emplace(name, segments.size()).first;
    try {
      note(DiscoveryEvent::Appeared, *info);
    } catch (...) {
      index.erase(added);
      throw;
    }
    segments.push_back(std::move(*info));
    return true;
  }
  SegmentInfo& before = segments[known->second];
  const bool changed = differ(before, *info);
  if (changed) note(DiscoveryEvent::Changed, *info);
  before = std::move(*info);
  return changed;
}

Result<std::size_t> SegmentDiscovery::Cache::look_at(
    const std::set<std::string, std::less<>>& names) {
  std::size_t count = 0;
  starved = false;
  const detail::Inspector inspector(domain);
  for (const std::string& name : names) count += look_at(inspector, name) ? 1 : 0;
  if (!starved) return count;
  return make_error(ErrorCode::ResourceExhausted,
                    "cannot inspect every segment of '{}': no descriptor or memory is left; raise "
                    "the limit of open files (ulimit -n)",
                    domain.path());
}

Result<std::size_t> SegmentDiscovery::Cache::rescan() {
  // Changes from here on are reported by the watch or found by the scan.
  if (!watch->valid() && life == detail::process_life()) static_cast<void>(watch_domain());
  auto files = detail::scan(domain);
  if (!files) return tl::unexpected(files.error());
  std::set<std::string, std::less<>> names(files->segments.begin(), files->segments.end());
  for (const SegmentInfo& info : segments) names.insert(info.name);
  return look_at(names);
}

void SegmentDiscovery::Cache::take_second_look() {
  std::uint64_t expirations = 0;
  if (::read(timer.get(), &expirations, sizeof expirations) <= 0) return;
  timer_runs = false;
  concerned.merge(second_look);
  second_look = std::exchange(later_look, {});
}

/// A running timer is left alone: if each update restarted it, it might never expire.
void SegmentDiscovery::Cache::arm_second_look() {
  if (timer_runs || (second_look.empty() && !needs_rescan)) return;
  const itimerspec soon{{0, 0}, {0, needs_rescan ? kRetryNs : kSecondLookNs}};
  timer_runs = ::timerfd_settime(timer.get(), 0, &soon, nullptr) == 0;
}

Result<void> SegmentDiscovery::Cache::watch_domain() {
  watch.emplace(domain, detail::Watched::NamesAndUse);
  if (!watch->valid()) {
    return make_system_error(errno,
                             "cannot watch the domain (see /proc/sys/fs/inotify/max_user_*)");
  }
  epoll_event readable{};
  readable.events = EPOLLIN;
  if (::epoll_ctl(both.get(), EPOLL_CTL_ADD, watch->fd(), &readable) == 0) return {};
  return make_system_error(errno, "cannot watch the domain");
}

Result<void> SegmentDiscovery::Cache::open_watch() {
  timer = detail::FileDescriptor(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  both = detail::FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
  timer_runs = false;
  epoll_event readable{};
  readable.events = EPOLLIN;
  if (::epoll_ctl(both.get(), EPOLL_CTL_ADD, timer.get(), &readable) != 0) {
    return make_system_error(errno, "cannot watch the domain");
  }
  if (auto watched = watch_domain(); !watched && without == WithoutInotify::Fail) return watched;
  life = detail::process_life();
  return {};
}

Result<std::size_t> SegmentDiscovery::Cache::update() {
  // If this update fails or throws, a later update catches up with a scan.
  bool all = std::exchange(needs_rescan, true);
  if (life != detail::process_life()) {
    all = true;
    if (auto opened = open_watch(); !opened) return tl::unexpected(opened.error());
  }
  take_second_look();
  const bool lost = watch->take([&](std::string_view file) {
    concern(file);
    if (const auto name = detail::segment_of_control(file); !name.empty()) {
      (timer_runs ? later_look : second_look).emplace(name);
    }
  });
  const auto names = std::exchange(concerned, {});
  auto changes = all || lost ? rescan() : look_at(names);
  needs_rescan = !changes;
  return changes;
}

}  // namespace evo
