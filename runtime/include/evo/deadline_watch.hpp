// SPDX-License-Identifier: Apache-2.0
/// The deadline watch: the endpoints of a segment count in shared memory whether they keep their
/// deadlines. It is switched on and off from outside while they run.
///
/// Each endpoint counts for itself, and only while a watch is on:
///
///   duration   how long a write took, from its call until the header names it, or how long a
///              successful read took. Excludes waiting for room in a full stream, and filling a
///              loan. Longer than `write_deadline` or `read_deadline`: **slow**.
///   interval   from the end of one publish to the end of the next; for a reader, from one
///              successful read to its next. Longer than the deadline: **late**. For a writer the
///              deadline is `deadline`, or twice the schema's `period` if none is given; for a
///              reader it is `deadline` alone, because a reader chooses its own cycle.
///   age        of a value with a stamp, once its read has succeeded. Older than the schema's
///              `max_age`, or than `deadline` if the schema names none: **stale**. Also stale,
///              whatever the deadlines are, if its stamp is in the future (`is_in_future`).
///   jitter     the difference between an interval and the schema's `period`; for readers, and
///              where there is no period, between an interval and the one before it.
///
/// A batch counts as one publish, and as one read for each of its values. A failed read does not
/// count; the time that a reader spent without a value shows in its next interval.
///
/// While no watch is on, each operation costs one load from a cached line and one predicted branch.
/// While one is on, it costs two reads of the clock and a few stores to the endpoint's own two
/// cache lines; still no system call, allocation, or page fault.
///
/// An endpoint notices a watch at its next operation, and starts counting at zero. A takeover does
/// not end the watch, nor does the death of the process that started it. The removal of the control
/// file does: a segment that all endpoints closed and that is created again is not watched.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "evo/format/control_file.hpp"

namespace evo {

/// The deadlines of the two classes of real-time operations: A (critical) and B (important).
inline constexpr std::chrono::nanoseconds kClassADeadline = std::chrono::milliseconds(1);
inline constexpr std::chrono::nanoseconds kClassBDeadline = std::chrono::microseconds(100);

/// The deadlines of a watch. Zero: none, or the default given for the member.
struct WatchOptions {
  /// Longest interval between two operations of one endpoint; zero: twice the schema's `period` for
  /// the writer. Also the greatest age, if the schema names no `max_age`.
  std::chrono::nanoseconds deadline{0};
  /// Longest duration of a write.
  std::chrono::nanoseconds write_deadline = kClassADeadline;
  /// Longest duration of a read.
  std::chrono::nanoseconds read_deadline = kClassBDeadline;
};

/// How many intervals had how much jitter. Bucket 0 counts jitter below 256 ns, each further bucket
/// doubles the limit, and the last one has none. When a bucket is full (2^32 - 1), all are halved.
class JitterHistogram {
 public:
  std::array<std::uint32_t, WatchBlock::kJitterBuckets> counts{};

  /// A jitter that `percent` of the intervals stay below: the limit of the bucket in which that
  /// share is reached, so up to twice the exact value. Zero if nothing was counted;
  /// nanoseconds::max() if it is in the last bucket.
  [[nodiscard]] std::chrono::nanoseconds percentile(double percent) const noexcept;
  [[nodiscard]] std::uint64_t total() const noexcept;
};

/// What one endpoint counted since the watch was started. Each number is consistent, but they are
/// read one after the other, while the endpoint continues to count.
struct EndDeadlines {
  std::uint32_t pid = 0;         ///< advice, like all pids; zero: there has been no writer
  std::string process_name;      ///< advice; readers only
  std::uint64_t operations = 0;  ///< publishes, or successful reads
  std::uint64_t late = 0;        ///< intervals longer than their deadline
  std::uint64_t slow = 0;        ///< operations that took longer than their deadline
  std::uint64_t stale = 0;       ///< values read that were too old, or stamped in the future
  std::chrono::nanoseconds longest_interval{0};
  std::chrono::nanoseconds longest_duration{0};
  std::chrono::nanoseconds greatest_age{0};  ///< readers only; zero without stamps
  JitterHistogram jitter;
};

struct DeadlineReport {
  bool on = false;            ///< false: the numbers are those of the last watch
  std::uint32_t session = 0;  ///< number of the watch, from 1; zero: there was none yet
  WatchOptions options;
  EndDeadlines writer;  ///< also of a dead writer, until its successor's first publish
  std::vector<EndDeadlines> readers;  ///< those that are attached
};

/// Starts a watch of the segment, in place of one that is on. The processes concerned are not
/// disturbed. NotFound: no such segment, or only files from an earlier boot. PermissionDenied: this
/// user may not write to its control file. Unsupported: a deadline is negative. SegmentBusy:
/// another process that is switching the watch has held the lock for a second.
[[nodiscard]] Result<void> start_deadline_watch(const Domain& domain, std::string_view segment,
                                                const WatchOptions& options = {});

/// Stops the watch; its numbers can still be read. No error if none is on. Fails like
/// start_deadline_watch.
[[nodiscard]] Result<void> stop_deadline_watch(const Domain& domain, std::string_view segment);

/// Returns what was counted so far. Queries each reader's lock, one system call each.
[[nodiscard]] Result<DeadlineReport> read_deadline_watch(const Domain& domain,
                                                         std::string_view segment);

}  // namespace evo
