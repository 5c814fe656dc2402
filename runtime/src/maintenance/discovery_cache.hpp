// SPDX-License-Identifier: Apache-2.0
/// What SegmentDiscovery knows about its domain, the watch that keeps it up to date, and the
/// callbacks that receive the changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "evo/discovery.hpp"
#include "maintenance/segment_inspection.hpp"
#include "system/directory_watch.hpp"
#include "system/file_descriptor.hpp"

namespace evo {

struct SegmentDiscovery::Cache {
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept {
      return std::hash<std::string_view>()(name);
    }
  };

  struct Listener {
    CallbackId id;
    Callback callback;
    std::uint64_t next_event = 0;  // number of the next event that it receives
    bool removed = false;
  };

  struct Event {
    std::uint64_t number = 0;
    DiscoveryEvent what;
    SegmentInfo info;
  };

  explicit Cache(Domain in_domain) : domain(std::move(in_domain)) {}

  /// Starts watching the domain.
  Result<void> open_watch();
  Result<void> watch_domain();

  void concern(std::string_view file);
  Result<std::size_t> look_at(const std::set<std::string, std::less<>>& names);
  bool look_at(const detail::Inspector& inspector, const std::string& name);
  Result<std::size_t> rescan();
  Result<std::size_t> update();
  void take_second_look();
  void arm_second_look();
  /// Copies `info`: a callback may request updates, which move the segments in memory.
  void note(DiscoveryEvent what, const SegmentInfo& info) {
    waiting.push_back({next_event++, what, info});
  }
  void tell();
  CallbackId add(Callback callback);
  bool remove(CallbackId id);

  Domain domain;
  WithoutInotify without = WithoutInotify::Fail;
  std::function<void()> progress = [] {};
  // A forked child that read from these would take events away from the parent.
  std::uint64_t life = 0;
  std::optional<detail::DirectoryWatch> watch;
  detail::FileDescriptor timer;
  detail::FileDescriptor both;  // epoll for `watch` and `timer`
  std::vector<SegmentInfo> segments;
  std::unordered_map<std::string, std::size_t, NameHash, std::equal_to<>> index;
  std::set<std::string, std::less<>> concerned;
  // Segments whose files were closed before the timer was set, and since then.
  std::set<std::string, std::less<>> second_look;
  std::set<std::string, std::less<>> later_look;
  bool timer_runs = false;
  bool needs_rescan = false;
  bool starved = false;  // at some inspection since this was last reset

  // Shared with the loop that calls them: a callback may remove itself.
  std::vector<std::shared_ptr<Listener>> listeners;
  std::uint64_t last_id = 0;
  std::deque<Event> waiting;     // not reported yet
  std::uint64_t next_event = 0;  // its number
  bool telling = false;
};

}  // namespace evo
