// SPDX-License-Identifier: Apache-2.0
/// Removes what dead writers left behind.
///
/// The kernel decides whether a writer is dead: nothing is removed while its lock is held, however
/// long ago it wrote. Any number of cleaners, creators and readers may work at the same time, in
/// any process. Each call makes one pass and waits for no other process.
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
  /// How long a dead writer's segment stays, for its successor to take over. Counted from the first
  /// pass, of any process, that found the writer dead.
  std::chrono::nanoseconds grace = std::chrono::seconds(10);
  /// Only report what would be done; do not mark writers as dead either.
  bool dry_run = false;
};

enum class CleanupAction : std::uint8_t {
  Removed,
  WouldRemove,  ///< with `dry_run`
  Waiting,      ///< dead, but within the grace period
  StillRead,    ///< closed: its last reader removes the rest
  LeftAlone,    ///< another user's, or not a segment's file: see the reason
};

[[nodiscard]] std::string_view to_string(CleanupAction action) noexcept;

/// The result for one segment that has no live writer.
struct CleanupItem {
  std::string name;
  CleanupAction action = CleanupAction::LeftAlone;
  std::string reason;                ///< in words, for a log
  std::chrono::nanoseconds left{0};  ///< rest of the grace period, if Waiting
  bool found_dead = false;           ///< this pass was the first to find its writer dead
  std::uint32_t writer_pid = 0;      ///< of the dead writer, in its PID namespace; advice
  std::string writer_executable;
};

struct CleanupReport {
  std::vector<CleanupItem> items;  ///< sorted by name; live segments do not appear

  [[nodiscard]] std::size_t removed() const noexcept;
};

/// Removes the segments of a domain whose writers are dead, once the grace period is over. Attached
/// readers keep their last value, and are detached when a writer recreates the segment. Segments
/// from an earlier boot are removed immediately. A segment or file of another user is reported and
/// left alone.
Result<CleanupReport> cleanup_orphaned_segments(const Domain& domain,
                                                const CleanupPolicy& policy = {});

/// The same for one segment. NotFound: no such segment. No item if its writer is alive.
Result<CleanupReport> cleanup_orphaned_segment(const Domain& domain, std::string_view name,
                                               const CleanupPolicy& policy = {});

}  // namespace evo
