// SPDX-License-Identifier: Apache-2.0
/// Sleeping until a publish, and waking the sleepers.
///
/// A reader that is about to sleep stores the version after which it waits, plus one, into
/// `ControlFile::waiters`. A writer that finds a value other than zero there wakes the sleepers,
/// and clears the word unless it names the version that it has just published. So a reader that was
/// killed while asleep costs the writer one system call.
///
/// I1: while a reader sleeps or is about to, and its version is still the last one, the word names
///     that version. A reader replaces the word only if it names another version and the last one
///     is the reader's own; the writer clears it only if it names an older one.
///
/// A full fence between the writer's publish and its load of that word would cost more than the
/// write itself. So the reader that wants to sleep pays: it announces itself, makes every core that
/// runs a writer execute a barrier by membarrier(GLOBAL_EXPEDITED), checks again, then sleeps. The
/// writer either has published before that barrier, and the second check sees it, or loads the word
/// after the barrier, and sees the waiter. The asymmetry is described in membarrier(2) and used by
/// liburcu.
#pragma once

#include <cstdint>

#include "evo/detail/chrono.hpp"
#include "evo/format/control_file.hpp"
#include "evo/format/segment_header.hpp"

namespace evo::detail {

/// Registers this process's threads for the barrier that waiters request. Returns the protocol that
/// waiters must follow. The first call in a process that has threads waits a few milliseconds for
/// the kernel.
WakeProtocol register_writer_for_wakes() noexcept;

/// Wakes every reader that sleeps on this header.
void wake_all(const SegmentHeader& header) noexcept;

/// To be called after the publish that set the version to `version`: wakes every reader. Clears
/// `waiters` if it names an older version.
void wake_waiters(const SegmentHeader& header, ControlFile& control,
                  std::uint64_t version) noexcept;

/// The state of a writer, as last seen by a reader.
struct WriterEpoch {
  std::uint64_t generation = 0;
  SegmentPhase phase = SegmentPhase::Empty;
  std::uint64_t found_dead_ns = 0;  ///< when a process found it dead; 0 if none has
};

[[nodiscard]] WriterEpoch epoch_of(const ControlFile& control) noexcept;

/// A reader that waits, and the changes that it waits for.
struct Waiter {
  const SegmentHeader* header;
  ControlFile* control;
  ReaderEntry* entry;
  std::uint64_t seen_version;
  WriterEpoch last_seen;
};

/// Sleeps until the version differs from the one seen, the writer closes the segment or a cleaner
/// finds it dead, the segment is replaced, or the timeout has passed. Returns the writer's state,
/// to be passed in the next Waiter, so that a reader that waits again after a close does not return
/// immediately each time.
[[nodiscard]] WriterEpoch wait(const Waiter& waiter, std::chrono::nanoseconds timeout) noexcept;

}  // namespace evo::detail
