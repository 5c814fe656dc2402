/// Segments in a file: what they are and what they held.
///
/// The file is one JSON document, `{"evo_snapshot": 1, "segments": [...]}`. Each segment carries
/// everything that its header says, the embedded schema, its values, and the CRC32C of all that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "look/blueprint.hpp"
#include "look/segment_look.hpp"

namespace evo::tools {

struct SavedValue {
  std::uint64_t sequence = 0;
  std::uint64_t stamp_ns = 0;  ///< CLOCK_MONOTONIC of the boot it was saved in; 0: none
  std::vector<std::uint8_t> bytes;
};

struct SavedSegment {
  Blueprint blueprint;
  std::vector<SavedValue> values;  ///< oldest first; of a state at most one
};

/// The last value; of a stream all that are still in the ring. Must be readable.
Result<SavedSegment> save_segment(SegmentLook& look);

/// The text of the file.
std::string to_text(const std::vector<SavedSegment>& segments);

/// Reads that text with suspicion. Corrupt says what is wrong with which segment.
Result<std::vector<SavedSegment>> read_snapshot(std::string_view text);

/// Makes the segment anew with its values, and leaves it as a dead writer's: that of a process
/// that has ended (see own_process.hpp), so any number can be loaded. SegmentBusy: a writer lives.
Result<void> load_segment(const SavedSegment& segment, const Domain& domain);

}  // namespace evo::tools
