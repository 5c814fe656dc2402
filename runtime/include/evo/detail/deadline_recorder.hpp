// SPDX-License-Identifier: Apache-2.0
/// One endpoint's part of the deadline watch: how long its operations took, how far apart they were
/// and how old the values were, counted in this endpoint's block of the control file.
///
/// An endpoint calls this only while a watch is on. Each operation checks once, with `is_watched()`
/// of the publishers and observers, which loads from a line that hardly ever changes.
///
/// I1: only one endpoint stores to a block, the one that holds the lock for it; so counting is a
///     load and a store, not a read-modify-write. (A writer that was fenced off in the middle of a
///     publish may still count that one, in a block that is then another writer's: the numbers are
///     advice.)
/// I2: nothing here makes a system call, allocates, or touches a page for the first time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "evo/detail/stamp_clock.hpp"
#include "evo/format/control_file.hpp"
#include "evo/format/slot.hpp"

namespace evo::detail {

/// The bucket of a jitter: bucket 0 is for less than 256 ns, bucket i > 0 for less than 256 ns
/// times 2^i, the last one for all above.
std::size_t jitter_bucket(std::uint64_t jitter_ns) noexcept;
/// The upper limit of a bucket, not included; all ones for the last bucket.
std::uint64_t jitter_bucket_end_ns(std::size_t bucket) noexcept;

/// Which deadlines of the watch an endpoint must keep, and what the schema promises about it.
struct EndpointPromise {
  bool writes = false;           ///< a writer; otherwise a reader
  std::uint64_t period_ns = 0;   ///< of its operations; 0: none promised
  std::uint64_t max_age_ns = 0;  ///< of the values it reads; 0: none promised
};

class DeadlineRecorder {
 public:
  /// The memory must outlive the recorder. Clears the block, which faults its pages in. The first
  /// call in a process reads a file.
  DeadlineRecorder(const ControlFile* control, WatchBlock* block,
                   const EndpointPromise& promise) noexcept;
  /// The same with a given clock, for tests.
  DeadlineRecorder(const ControlFile* control, WatchBlock* block, const EndpointPromise& promise,
                   const StampClock& clock) noexcept;

  /// An operation begins now.
  void operation_began() noexcept;
  /// The operation has succeeded. `stamp_ns`: of the value that was read; 0: it has none.
  void operation_done(std::uint64_t stamp_ns) noexcept {
    record(began_ns_, clock_.now(), stamp_ns);
  }

  /// Counts an operation that ran from `began_ns` to `ended_ns`, now or earlier.
  void record(std::uint64_t began_ns, std::uint64_t ended_ns, std::uint64_t stamp_ns) noexcept;

 private:
  void begin_session(std::uint32_t session) noexcept;
  void record_interval(std::uint64_t interval_ns) noexcept;
  void count_jitter(std::uint64_t jitter_ns) noexcept;

  const ControlFile* control_;
  WatchBlock* block_;
  EndpointPromise promise_;
  StampClock clock_;
  std::uint32_t session_ = 0;
  std::uint64_t interval_deadline_ns_ = 0;  // 0: none, as below
  std::uint64_t duration_deadline_ns_ = 0;
  std::uint64_t age_deadline_ns_ = 0;
  std::uint64_t began_ns_ = 0;
  std::uint64_t last_ns_ = 0;      // end of the last operation; 0: none yet
  std::uint64_t interval_ns_ = 0;  // between the last two operations; 0: none yet
};

/// Starts an operation. False if the endpoint has no watch, as in tests of the protocol.
[[nodiscard]] bool operation_began(DeadlineRecorder* recorder) noexcept;

/// Counts a successful read of publish n from this slot. Loads the stamp again, so that a read that
/// is not watched need not keep it. The slot was just copied; if it has been overwritten since, the
/// age remains unknown.
void operation_done(DeadlineRecorder* recorder, const ReaderSlot& slot, Sequence n) noexcept;

}  // namespace evo::detail
