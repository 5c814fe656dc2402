// SPDX-License-Identifier: Apache-2.0
/// A domain's segments, kept up to date: one initial scan, then inotify events.
///
/// Use an object from one thread at a time, but not from a real-time thread. It handles lost
/// events, and a domain whose directory is removed and recreated, by scanning again.
///
/// A callback may call every member of the object that calls it: it may add and remove callbacks,
/// including itself, and call `update`, `rescan`, `refresh`, `segments` and `find`. `segments`
/// shows the results of a nested call immediately; its events are reported in order, after those
/// found before. A callback must not destroy the object.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "evo/segment_info.hpp"

namespace evo {

/// What happened to a segment.
enum class DiscoveryEvent : std::uint8_t {
  Appeared,
  Changed,  ///< new writer or condition, writer died or closed, readers attached or detached
  Vanished,
};

[[nodiscard]] std::string_view to_string(DiscoveryEvent event) noexcept;

/// What to do if inotify is exhausted: its limits are per user.
enum class WithoutInotify : std::uint8_t {
  Fail,
  /// Continue: `rescan` finds changes, and tries each time to watch the domain again.
  Scan,
};

/// Identifies a callback.
enum class CallbackId : std::uint64_t {};

class SegmentDiscovery {
 public:
  /// Receives the segment as it was found; if it vanished, as it was last seen.
  using Callback = std::function<void(DiscoveryEvent, const SegmentInfo&)>;

  /// Scans the domain, which need not exist yet. ResourceExhausted: inotify is exhausted, and
  /// `without` is Fail.
  static Result<SegmentDiscovery> start(const Domain& domain,
                                        WithoutInotify without = WithoutInotify::Fail);

  SegmentDiscovery(SegmentDiscovery&&) noexcept;
  SegmentDiscovery& operator=(SegmentDiscovery&&) noexcept;
  ~SegmentDiscovery();

  /// Readable (poll, epoll) when `update` has something to do. A forked child has no descriptor of
  /// its own before its first `update`.
  [[nodiscard]] int fd() const noexcept;

  /// False while inotify is unavailable: then only `rescan` and `refresh` find changes.
  [[nodiscard]] bool watches() const noexcept;

  /// Processes the events since the last call; never waits. Returns the number of segments
  /// concerned. ResourceExhausted: this process lacks descriptors or memory to inspect a segment.
  /// The segment's entry stays as it was, and a later call updates it. The same applies to `rescan`
  /// and `refresh`.
  Result<std::size_t> update();

  /// Scans the whole domain again, as after a loss of events. Only this and `refresh` update what
  /// changes without an event (sequence, age).
  Result<std::size_t> rescan();

  /// Inspects one segment again. Returns 1 if anything about it changed.
  Result<std::size_t> refresh(std::string_view name);

  /// Sets a function that is called after each inspected segment and after each event, so that a
  /// process with other duties can perform them while many segments change. It must not call this
  /// object.
  void on_progress(std::function<void()> callback);

  /// Adds a callback. Before this returns, the callback receives every present segment, as
  /// Appeared; afterwards every later event, in order. If one of the first calls throws, the
  /// callback is not added.
  CallbackId on_change(Callback callback);

  /// Removes a callback. It is not called again, not even with an event that other callbacks have
  /// already received. If it is running, its captures exist until it returns. False if there is no
  /// such callback.
  bool remove_callback(CallbackId id);

  /// All segments, in no particular order, as of the last update; no system call.
  [[nodiscard]] const std::vector<SegmentInfo>& segments() const noexcept;

  /// The segment with this name, or nullptr; no system call, and equally fast with few and with
  /// many segments. Valid, like the result of `segments`, until the next `update`, `rescan` or
  /// `refresh`.
  [[nodiscard]] const SegmentInfo* find(std::string_view name) const noexcept;

 private:
  struct Cache;
  explicit SegmentDiscovery(std::unique_ptr<Cache> cache) noexcept;

  std::unique_ptr<Cache> cache_;
};

}  // namespace evo
