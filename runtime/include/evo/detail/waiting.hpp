// SPDX-License-Identifier: Apache-2.0
/// Sleeping until a publish, and waking the sleepers. One thread may sleep on many segments.
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

#include <cstddef>
#include <cstdint>
#include <span>

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

/// What a thread sleeps for.
struct Wait {
  std::span<const Waiter> waiters;
  /// A word of the thread itself, whose low half others change before they call wake(); null: none.
  const sync::atomic<std::uint64_t>* own_word = nullptr;
  std::uint64_t own_value = 0;            ///< the value of it that the thread has seen
  std::uint64_t until_ns = kNever;        ///< CLOCK_MONOTONIC
  std::chrono::nanoseconds spin = kSpin;  ///< how long to look before sleeping

  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  /// Sleeping and waking cost tens of microseconds; spinning this long detects an earlier publish
  /// without them.
  static constexpr std::chrono::microseconds kSpin{20};
  /// Longest sleep before a thread checks again: a replaced segment has no writer that wakes.
  static constexpr std::uint64_t kLongestSleepNs = 100'000'000;
  /// Words that one thread can sleep on (FUTEX_WAITV_MAX). The own word takes part only if the
  /// waiters leave room for it; otherwise it is checked every kCrowdedSleepNs, and wake() is called
  /// with the word of a waiter.
  static constexpr std::size_t kMostWords = 128;
  static constexpr std::uint64_t kCrowdedSleepNs = 10'000'000;
  /// Longest sleep on several words without futex_waitv (before Linux 5.16, or where a filter
  /// forbids it).
  static constexpr std::uint64_t kPollNs = 1'000'000;
};

/// Sleeps until a version differs from the one seen, a writer closes its segment or a cleaner finds
/// it dead, a segment is replaced, the own word differs, or the time comes. If it sleeps, it marks
/// each reader as asleep. The caller ends that with mark_awake().
void wait(const Wait& what) noexcept;

void mark_awake(const Waiter& waiter) noexcept;

/// The same for one reader. Returns the writer's state, to be passed in the next Waiter, so that a
/// reader that waits again after a close does not return immediately each time.
[[nodiscard]] WriterEpoch wait(const Waiter& waiter, std::chrono::nanoseconds timeout) noexcept;

/// When a wait that starts now ends; a timeout of centuries never does.
[[nodiscard]] std::uint64_t end_of_wait(std::uint64_t now_ns,
                                        std::chrono::nanoseconds timeout) noexcept;

/// Whether the wait of a reader that last saw `before` ends with `now`. It goes on if a takeover
/// clears the mark of a death.
[[nodiscard]] bool is_news(const WriterEpoch& before, const WriterEpoch& now) noexcept;

/// The word on which the readers of this segment sleep.
[[nodiscard]] const std::uint32_t* futex_word(const SegmentHeader& header) noexcept;

/// Wakes all that sleep on a word of 32 bits. May be called by a signal handler. A word that is not
/// mapped any more is no error.
void wake(const std::uint32_t* word) noexcept;

}  // namespace evo::detail
