/// The deadline watch as one end keeps it: what its operations took, how far apart they were and
/// how old the values, counted in this end's block of the control file.
///
/// An end comes here only while a watch is on; `watched()` of the publishers and observers is the
/// one look that each operation takes, at a line that changes hardly ever.
///
/// I1: one block is stored to by one end, the one whose lock is held; so counting is a load and a
///     store, no read-modify-write. (A writer that was fenced off in the middle of a publish may
///     still count that one, into what is then another's block: the numbers are advice.)
/// I2: nothing here makes a system call, allocates, or touches a page for the first time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "evo/control_file.hpp"
#include "evo/detail/stamp_clock.hpp"
#include "evo/slot.hpp"

namespace evo::detail {

/// The bucket of a jitter: bucket 0 is for less than 256 ns, bucket i > 0 for less than 256 ns
/// times 2^i, the last one for everything beyond.
std::size_t jitter_bucket(std::uint64_t jitter_ns) noexcept;
/// Every jitter in this bucket is less; all ones for the last bucket.
std::uint64_t jitter_bucket_end_ns(std::size_t bucket) noexcept;

/// Which deadlines of the watch an end has to keep, and what the schema promises about it.
struct WatchedEnd {
  bool writes = false;           ///< a writer, else a reader
  std::uint64_t period_ns = 0;   ///< of its operations; 0: none was promised
  std::uint64_t max_age_ns = 0;  ///< of what it reads; 0: none was promised
};

class EndWatch {
 public:
  /// The memory must outlive the watch. Clears the block, which faults its pages in. Reads a file
  /// the first time in a process.
  EndWatch(const ControlFile* control, WatchBlock* block, const WatchedEnd& end) noexcept;
  /// Its clock is given: for tests.
  EndWatch(const ControlFile* control, WatchBlock* block, const WatchedEnd& end,
           const StampClock& clock) noexcept;

  /// An operation begins now.
  void begin() noexcept;
  /// It has succeeded. `stamp_ns`: of the value that was read; 0: it has none.
  void end(std::uint64_t stamp_ns) noexcept { record(began_ns_, clock_.now(), stamp_ns); }

  /// An operation from `began_ns` to `ended_ns`, whenever that was.
  void record(std::uint64_t began_ns, std::uint64_t ended_ns, std::uint64_t stamp_ns) noexcept;

 private:
  void begin_session(std::uint32_t session) noexcept;
  void record_interval(std::uint64_t interval_ns) noexcept;
  void count_jitter(std::uint64_t jitter_ns) noexcept;

  const ControlFile* control_;
  WatchBlock* block_;
  WatchedEnd end_;
  StampClock clock_;
  std::uint32_t session_ = 0;
  std::uint64_t interval_deadline_ns_ = 0;  // 0: none, as below
  std::uint64_t duration_deadline_ns_ = 0;
  std::uint64_t age_deadline_ns_ = 0;
  std::uint64_t began_ns_ = 0;
  std::uint64_t last_ns_ = 0;      // when the last operation ended; 0: there was none
  std::uint64_t interval_ns_ = 0;  // between the last two; 0: there were none
};

/// An operation of an end begins. False if the end has no watch, as in tests of the protocol.
[[nodiscard]] bool begin_watched(EndWatch* watch) noexcept;

/// A read of publish n from this slot has succeeded. Looks for the stamp once more, so that a read
/// that is not watched has no more to keep; it was just copied, and if it was overwritten since,
/// the age remains unknown.
void end_watched(EndWatch* watch, const ReaderSlot& slot, Sequence n) noexcept;

}  // namespace evo::detail
