/// The deadline watch: what the ends of a segment do to their deadlines, counted by the ends
/// themselves in shared memory, switched on and off from outside while they run.
///
/// What counts, for each end by itself and only while a watch is on:
///
///   duration   how long a write took, from its call until the header names it, or how long a
///              successful read took. Waiting for room in a full stream, and filling a loan, are
///              not part of it. Longer than `write_deadline` or `read_deadline`: **slow**.
///   interval   from the end of one publish to the end of the next; of a reader, from one
///              successful read to its next. Longer than the deadline: **late**. For a writer that
///              is `deadline`, or twice the schema's `period` if none is given; for a reader
///              `deadline` alone, because its cycle is its own.
///   age        of a value with a stamp, when its read had succeeded. Older than the schema's
///              `max_age`, or than `deadline` if the schema names none: **stale**. Stale too,
///              whatever the deadlines are, if its stamp is in the future (`is_in_future`).
///   jitter     how far an interval is from the schema's `period`, or, for readers and where there
///              is no period, from the interval before it.
///
/// A batch is one publish, and as many reads as it has values. A read that fails is none; how long
/// a reader was without a value shows in its next interval.
///
/// While no watch is on, it costs each operation one load from a line that is in the cache
/// and one branch that is predicted. While one is on: two looks at the clock and some stores to the
/// end's own two cache lines; still no system call, allocation, or page fault.
///
/// An end takes notice at its next operation, and then begins at zero. A takeover does not end
/// the watch, nor does its starter's death; the end of the control file does: a segment that was
/// closed by all and is created again is not watched.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "evo/control_file.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"

namespace evo {

/// The deadlines of the classes of real-time operations: critical and important.
inline constexpr std::chrono::nanoseconds kClassADeadline = std::chrono::milliseconds(1);
inline constexpr std::chrono::nanoseconds kClassBDeadline = std::chrono::microseconds(100);

/// What a watch holds the ends to. Zero: not at all, or what is said beside it.
struct WatchOptions {
  /// Longest interval between two operations of one end; zero: twice the schema's `period` for
  /// the writer. Also the greatest age, if the schema names no `max_age`.
  std::chrono::nanoseconds deadline{0};
  /// Longest time that a write may take.
  std::chrono::nanoseconds write_deadline = kClassADeadline;
  /// Longest time that a read may take.
  std::chrono::nanoseconds read_deadline = kClassBDeadline;
};

/// How many intervals had how much jitter. Bucket 0 counts those below 256 ns, each further one
/// reaches to twice as much, the last one has no end. If one is full (2^32 - 1), all are halved.
class JitterHistogram {
 public:
  std::array<std::uint32_t, WatchBlock::kJitterBuckets> counts{};

  /// A jitter that `percent` of the intervals stay below: the end of the bucket in which that
  /// share is reached, so up to twice as much as the exact value. Zero if nothing was counted;
  /// nanoseconds::max() if it is in the last bucket.
  [[nodiscard]] std::chrono::nanoseconds percentile(double percent) const noexcept;
  [[nodiscard]] std::uint64_t total() const noexcept;
};

/// What one end has done since the watch was started. Each figure is whole, but they are read one
/// after the other, while the end goes on counting.
struct EndDeadlines {
  std::uint32_t pid = 0;         ///< advice, as all pids; zero: no writer has been there
  std::string process_name;      ///< advice; of readers only
  std::uint64_t operations = 0;  ///< publishes, or successful reads
  std::uint64_t late = 0;        ///< intervals longer than their deadline
  std::uint64_t slow = 0;        ///< operations that took longer than theirs
  std::uint64_t stale = 0;       ///< values read that were too old, or stamped in the future
  std::chrono::nanoseconds longest_interval{0};
  std::chrono::nanoseconds longest_duration{0};
  std::chrono::nanoseconds greatest_age{0};  ///< of a reader; zero without stamps
  JitterHistogram jitter;
};

struct DeadlineReport {
  bool on = false;            ///< else the figures are those of the last watch
  std::uint32_t session = 0;  ///< number of the watch, from 1; zero: there never was one
  WatchOptions options;
  EndDeadlines writer;                ///< also of a dead one, until its successor's first publish
  std::vector<EndDeadlines> readers;  ///< those that are attached
};

/// Begins a watch of the segment, in place of one that is on. The processes that it concerns are
/// not disturbed. NotFound: no such segment, or nobody's any more. PermissionDenied: this user may
/// not write to its control file. Unsupported: a deadline is negative. SegmentBusy: somebody else
/// who switches it holds the lock for a second.
[[nodiscard]] Result<void> start_deadline_watch(const Domain& domain, std::string_view segment,
                                                const WatchOptions& options = {});

/// Ends it; what was counted stays, to be read. Fine if none is on. Fails as start_deadline_watch.
[[nodiscard]] Result<void> stop_deadline_watch(const Domain& domain, std::string_view segment);

/// What was counted so far. Asks the kernel about each reader, one system call each.
[[nodiscard]] Result<DeadlineReport> read_deadline_watch(const Domain& domain,
                                                         std::string_view segment);

}  // namespace evo
