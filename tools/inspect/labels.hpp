// SPDX-License-Identifier: Apache-2.0
/// Labels for the properties of a segment, the same in every command.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "evo/segment_info.hpp"
#include "text/terminal.hpp"

namespace evo::tools {

/// `alive`, `dead`, `closed`; the condition (`corrupt`, `stale` …) if the segment is not sound.
std::string state_of(const SegmentInfo& info);
Colour colour_of_state(const SegmentInfo& info);

/// Whether it has no data file without being damaged: not created yet, or already removed.
bool has_no_data(const SegmentInfo& info);

/// Whether it needs attention: damaged, its writer dead, or its value stale.
bool is_wrong(const SegmentInfo& info);

/// `state` or `stream`.
std::string kind_of(const SegmentInfo& info);

/// Whether the control file could be read, which lists writer and readers. If not, they are
/// unknown: the file is damaged, or this user may not read it.
bool knows_readers(const SegmentInfo& info);

/// Number of attached readers; "-" if unknown.
std::string readers_of(const SegmentInfo& info);

/// Size of its files; "-" if unknown.
std::string memory_of(const SegmentInfo& info);

/// The age of the last value compared to the schema's promise; how far its stamp is ahead if it is
/// in the future; "-" if unknown.
std::string age_of(const SegmentInfo& info);

/// Why the age of the last value cannot be judged, and what to do; empty if it can.
std::string future_stamp_of(const SegmentInfo& info);

/// `4 KiB`, `1.5 MiB`.
std::string size_in_words(std::uint64_t bytes);

/// `pid 123 (hal_core)`; "-" if there is none.
std::string writer_of(const SegmentInfo& info);

/// The last part of a path.
std::string file_name(const std::string& path);

/// A CLOCK_REALTIME time as `2026-11-21 17:30:00`, in local time; "-" for 0.
std::string time_of_day(std::uint64_t realtime_ns);

/// Members of the JSON object for a segment; docs/evo-shm.md documents them.
nlohmann::ordered_json to_json(const SegmentInfo& info);
nlohmann::ordered_json to_json(const AttachedReader& reader);

}  // namespace evo::tools
