/// A domain's segments, kept up to date: one scan first, then what inotify reports.
///
/// An object belongs to one thread at a time, and to no real-time thread. It survives the loss of
/// events, and a domain whose directory comes and goes, by scanning again.
#pragma once

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

class SegmentDiscovery {
 public:
  /// Called by `update` with the segment as it is now; as it was last, if it has vanished.
  using Callback = std::function<void(DiscoveryEvent, const SegmentInfo&)>;

  /// Scans the domain, which need not exist yet. ResourceExhausted if inotify has run out.
  static Result<SegmentDiscovery> start(const Domain& domain);

  SegmentDiscovery(SegmentDiscovery&&) noexcept;
  SegmentDiscovery& operator=(SegmentDiscovery&&) noexcept;
  ~SegmentDiscovery();

  /// Readable (poll, epoll) when `update` has something to do.
  [[nodiscard]] int fd() const noexcept;

  /// Takes in what has happened since; never waits. Returns how many segments it concerned.
  Result<std::size_t> update();

  /// Scans all over, as after a loss of events. What changes without an event (sequence, age) is
  /// brought up to date only by this and by `refresh`.
  Result<std::size_t> rescan();

  /// Looks at one segment again. Returns 1 if something about it was new.
  Result<std::size_t> refresh(std::string_view name);

  /// Adds a callback; it is told first of all segments that are there, as Appeared.
  void on_change(Callback callback);

  /// All segments, in no order, as of the last update; no system call.
  [[nodiscard]] const std::vector<SegmentInfo>& segments() const noexcept;

  /// One of them, or nullptr; no system call, and as fast among many as among few. Valid until the
  /// next update.
  [[nodiscard]] const SegmentInfo* find(std::string_view name) const noexcept;

 private:
  struct Cache;
  explicit SegmentDiscovery(std::unique_ptr<Cache> cache) noexcept;

  std::unique_ptr<Cache> cache_;
};

}  // namespace evo
