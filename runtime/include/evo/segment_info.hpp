// SPDX-License-Identifier: Apache-2.0
/// The contents of a domain, and everything about a segment that is visible from outside.
///
/// Inspection disturbs no other process: files are opened read-only, and locks are queried, not
/// taken. Any thread may call these functions; each result is a snapshot.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "evo/format/segment_header.hpp"
#include "evo/writer_state.hpp"

namespace evo {

/// The condition of a segment's files.
enum class SegmentCondition : std::uint8_t {
  Sound,         ///< data file and control file agree
  Unfinished,    ///< no data file yet: its writer is creating it, or died before completing it
  Closed,        ///< no data file any more: its writer closed it, and readers are still attached
  Removed,       ///< no data file any more: removed after its writer died or was fenced off
  Stale,         ///< left behind by an earlier boot
  Foreign,       ///< the file with this name is not a segment file
  Corrupt,       ///< damaged
  Incompatible,  ///< in a format that this build cannot read: another release created it
  Unreadable,    ///< this user has no access, or a system call failed
  Unclaimed,     ///< a data file that no control file names: its control file was removed
};

[[nodiscard]] std::string_view to_string(SegmentCondition condition) noexcept;

/// The age of the last value, compared with what the schema promises.
enum class Freshness : std::uint8_t {
  Unknown,  ///< no stamps, never written, or the schema promises nothing
  Fresh,
  Late,   ///< older than two periods
  Stale,  ///< older than `max_age`, or its stamp is in the future, so its age is unknown
};

[[nodiscard]] std::string_view to_string(Freshness freshness) noexcept;

/// One attached reader. Its lock shows that it is alive; the rest is advice.
struct AttachedReader {
  std::uint32_t index = 0;  ///< in the reader table
  std::uint32_t pid = 0;    ///< in the reader's PID namespace
  std::string process_name;
  std::uint64_t attached_realtime_ns = 0;
  /// In wait_for_change or wait_for_next, or in a wait set. There it stays true while the thread
  /// handles the value of another reader of that set.
  bool sleeping = false;
  /// Streams only: number of unread values, at most the capacity.
  std::optional<std::uint64_t> lag;
};

struct SegmentInfo {
  std::string name;  ///< of the segment; of the file if Unclaimed
  SegmentCondition condition = SegmentCondition::Sound;
  std::string fault;  ///< what is wrong and what to do; empty if Sound

  // From the control file and its locks.
  WriterState writer_state = WriterState::Closed;
  std::uint32_t writer_pid = 0;  ///< of the last writer, in its PID namespace; advice
  std::uint32_t writer_uid = 0;
  std::string writer_executable;
  std::uint64_t writer_started_realtime_ns = 0;
  std::uint64_t incarnation = 0;
  std::uint64_t found_dead_ns = 0;  ///< CLOCK_MONOTONIC when a process first found it dead; or 0
  std::uint32_t reader_limit = 0;
  std::vector<AttachedReader> readers;

  // From the data file; only if Sound.
  std::string module;
  std::string data_file;  ///< its name in the domain
  SegmentLayout layout;
  std::uint64_t sequence = 0;
  std::uint64_t last_write_ns = 0;  ///< CLOCK_MONOTONIC; 0 without stamps or before a write
  /// Age of the last value when it was inspected; nullopt if its stamp is in the future.
  std::optional<std::chrono::nanoseconds> age;
  /// How far the last stamp lies in the future (see `is_in_future`); zero: it does not.
  std::chrono::nanoseconds stamp_ahead{0};
  Freshness freshness = Freshness::Unknown;

  std::uint64_t memory = 0;  ///< bytes that its files occupy
};

/// The names of the segments in a domain, sorted; empty if there is no such directory.
Result<std::vector<std::string>> list_segment_names(const Domain& domain);

/// All segments of a domain, sorted by name, in whatever condition they are.
Result<std::vector<SegmentInfo>> list_segments(const Domain& domain);

/// One segment. NotFound: the domain has no control file for it. A segment in any other condition
/// is not an error.
Result<SegmentInfo> inspect_segment(const Domain& domain, std::string_view name);

}  // namespace evo
