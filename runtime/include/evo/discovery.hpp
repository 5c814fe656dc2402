/// A domain's segments, kept up to date: one scan first, then what inotify reports.
///
/// An object belongs to one thread at a time, and to no real-time thread. It survives the loss of
/// events, and a domain whose directory comes and goes, by scanning again.
///
/// A callback may call every member of the object that calls it: it may add and remove callbacks,
/// including itself, and call `update`, `rescan`, `refresh`, `segments` and `find`. `segments`
/// shows the results of a nested call at once; its events are reported in order, after those found
/// before. A callback must not destroy the object.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "evo/segment_info.hpp"

namespace evo {

/// What became of a segment.
enum class DiscoveryEvent : std::uint8_t {
  Appeared,
  Changed,  ///< another writer, another condition, its writer died or closed, readers came or went
  Vanished,
};

[[nodiscard]] std::string_view to_string(DiscoveryEvent event) noexcept;

/// What to do where inotify has run out: its limits are per user.
enum class WithoutInotify : std::uint8_t {
  Fail,
  /// Go on: `rescan` finds what is new, and tries each time to watch the domain again.
  Scan,
};

/// Names a callback that was added.
enum class CallbackId : std::uint64_t {};

class SegmentDiscovery {
 public:
  /// Called with the segment as it was found; as it was last, if it has vanished.
  using Callback = std::function<void(DiscoveryEvent, const SegmentInfo&)>;

  /// Scans the domain, which need not exist yet. ResourceExhausted if inotify has run out, unless
  /// it can do without.
  static Result<SegmentDiscovery> start(const Domain& domain,
                                        WithoutInotify without = WithoutInotify::Fail);

  SegmentDiscovery(SegmentDiscovery&&) noexcept;
  SegmentDiscovery& operator=(SegmentDiscovery&&) noexcept;
  ~SegmentDiscovery();

  /// Readable (poll, epoll) when `update` has something to do. In a forked child, only the first
  /// `update` there opens a descriptor of its own.
  [[nodiscard]] int fd() const noexcept;

  /// False while there is no inotify: then only `rescan` and `refresh` find what is new.
  [[nodiscard]] bool watches() const noexcept;

  /// Takes in what has happened since; never waits. Returns how many segments it concerned.
  /// ResourceExhausted if this process lacks descriptors or memory to look at a segment, which then
  /// stays as it was; a later call makes up for it. The same goes for the next two.
  Result<std::size_t> update();

  /// Scans all over, as after a loss of events. What changes without an event (sequence, age) is
  /// brought up to date only by this and by `refresh`.
  Result<std::size_t> rescan();

  /// Looks at one segment again. Returns 1 if something about it was new.
  Result<std::size_t> refresh(std::string_view name);

  /// Called after each look at a segment and after each event, so that a process with other duties
  /// can see to them while many segments change at once. It must not call this object.
  void on_progress(std::function<void()> callback);

  /// Adds a callback. Before this returns, the callback is called with every present segment, as
  /// Appeared; after that with every later event, in order. If one of the first calls throws, the
  /// callback is not added.
  CallbackId on_change(Callback callback);

  /// Removes a callback. It is not called again, not even with an event that other callbacks have
  /// already received. If it is running, its captures live until it returns. False if there is no
  /// such callback.
  bool remove_callback(CallbackId id);

  /// All segments, in no order, as of the last update; no system call.
  [[nodiscard]] const std::vector<SegmentInfo>& segments() const noexcept;

  /// One of them, or nullptr; no system call, and as fast among many as among few. Valid, as is
  /// what `segments` returns, until the next `update`, `rescan` or `refresh`.
  [[nodiscard]] const SegmentInfo* find(std::string_view name) const noexcept;

 private:
  struct Cache;
  explicit SegmentDiscovery(std::unique_ptr<Cache> cache) noexcept;

  std::unique_ptr<Cache> cache_;
};

}  // namespace evo
