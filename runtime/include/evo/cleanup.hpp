/// Removing what dead writers have left.
///
/// Whether a writer is dead is asked of the kernel: nothing is removed while its lock is held,
/// however long ago it wrote. Any number of cleaners, creators and readers may be at work at
/// once, in any process; each call does one pass and waits for nobody.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo {

struct CleanupPolicy {
  /// How long a dead writer's segment stays, for its successor to take over. Counted from the
  /// first pass, of anybody, that found the writer dead.
  std::chrono::nanoseconds grace = std::chrono::seconds(10);
  /// Only say what would be done; nothing is marked either.
  bool dry_run = false;
};

enum class CleanupAction : std::uint8_t {
  Removed,
  WouldRemove,  ///< with `dry_run`
  Waiting,      ///< dead, but within the grace period
  StillRead,    ///< closed: its last reader removes the rest
  LeftAlone,    ///< somebody else's, or not a segment's file: see the reason
};

[[nodiscard]] std::string_view to_string(CleanupAction action) noexcept;

/// What became of one segment that has no live writer.
struct CleanupItem {
  std::string name;
  CleanupAction action = CleanupAction::LeftAlone;
  std::string reason;                ///< in words, for a log
  std::chrono::nanoseconds left{0};  ///< of the grace period, if Waiting
  bool found_dead = false;           ///< this pass was the first to find its writer dead
  std::uint32_t writer_pid = 0;      ///< of the dead writer, in its PID namespace; advice
  std::string writer_executable;
};

struct CleanupReport {
  std::vector<CleanupItem> items;  ///< sorted by name; live segments do not appear

  [[nodiscard]] std::size_t removed() const noexcept;
};

/// Removes the segments of a domain whose writers have died, once the grace period is over:
/// attached readers keep their last value, and are detached when a writer recreates the segment.
/// What an earlier boot has left goes at once. A segment or file of another user is reported and
/// left alone.
Result<CleanupReport> cleanup_orphaned_segments(const Domain& domain,
                                                const CleanupPolicy& policy = {});

/// The same for one segment. NotFound if it is not there; no item if its writer lives.
Result<CleanupReport> cleanup_orphaned_segment(const Domain& domain, std::string_view name,
                                               const CleanupPolicy& policy = {});

}  // namespace evo
