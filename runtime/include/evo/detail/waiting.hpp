/// Sleeping until a publish, and waking the sleepers.
///
/// A reader that is about to sleep stores the version after which it waits, plus one, into
/// `ControlFile::waiters`. A writer that finds anything there wakes the sleepers, and clears the
/// word unless it names the version that it has just published. So what a reader leaves behind that
/// was killed in its sleep costs the writer one system call.
///
/// I1: while a reader sleeps or is about to, and its version is still the last one, the word names
///     that version. A reader replaces what the word says only if it names another version and the
///     last one is the reader's own; the writer clears it only if it names an older one.
///
/// A full fence between the writer's publish and its look at that word would
/// cost more than the write itself. So the one who wants to sleep pays: it announces
/// itself, makes every core that runs a writer execute a barrier by
/// membarrier(GLOBAL_EXPEDITED), looks again, then sleeps. After that barrier the
/// writer either has published before it, and the second look sees it, or looks at
/// the word after it, and sees the waiter. The asymmetry is described in
/// membarrier(2) and used by liburcu.
#pragma once

#include <chrono>
#include <cstdint>

#include "evo/control_file.hpp"
#include "evo/segment_header.hpp"

namespace evo::detail {

/// Registers this process's threads for the barrier that waiters ask for. Returns the
/// protocol that waiters must follow. The first call in a process that has threads waits some
/// milliseconds for the kernel.
WakeProtocol register_writer_for_wakes() noexcept;

/// Wakes every reader that sleeps on this header.
void wake_all(const SegmentHeader& header) noexcept;

/// Wakes them after the publish that made this the version, and clears `waiters` if it is older.
void wake_waiters(const SegmentHeader& header, ControlFile& control,
                  std::uint64_t version) noexcept;

/// What has become of a writer, as far as a reader has been told.
struct WriterNews {
  std::uint64_t generation = 0;
  std::uint32_t state = 0;
  bool operator==(const WriterNews&) const = default;
};

[[nodiscard]] WriterNews news_of(const ControlFile& control) noexcept;

/// Which end of a segment waits, and for what to change.
struct Waiter {
  const SegmentHeader* header;
  ControlFile* control;
  ReaderEntry* entry;
  std::uint64_t seen_version;
  WriterNews told;
};

/// Sleeps until the version differs from the one seen, the writer closes the segment, the segment
/// is replaced, or the timeout has passed. Returns what is to be told of the writer next time, so
/// that whoever waits again after an end does not return at once for ever.
[[nodiscard]] WriterNews wait(const Waiter& waiter, std::chrono::nanoseconds timeout) noexcept;

}  // namespace evo::detail
