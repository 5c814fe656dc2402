// SPDX-License-Identifier: Apache-2.0
/// Reports what happens to segments between inspections.
///
/// I1: the recorded state of a segment changes only when the change is reported, and not if memory
///     runs out in between. So each event is reported once, and a later inspection makes up for a
///     failed one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "event_log.hpp"
#include "evo/segment_info.hpp"
#include "writer_ends.hpp"

namespace evo::tools {

/// The change of a segment's writer that an inspection found.
enum class WriterChange : std::uint8_t { None, Started, Died };

class Reporter {
 public:
  /// `log` must outlive it.
  Reporter(const Domain& domain, EventLog& log) : log_(log), ends_(domain) {}

  /// Reports what is new.
  WriterChange take(const SegmentInfo& info);

  /// Reports that the segment is gone, and how its writer ended if that was not reported.
  void take_vanished(const std::string& name);

  /// The names of the known segments.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  struct Known {
    bool appeared = false;
    WriterState writer_state = WriterState::Closed;
    std::uint64_t incarnation = 0;
    std::uint64_t generation = 0;  // of its data; 0: unknown
    std::uint32_t writer_pid = 0;
    std::uint64_t writer_started_ns = 0;
    std::string executable;
    std::map<std::pair<std::uint32_t, std::uint64_t>, AttachedReader> readers;
  };

  WriterChange take_writer(Known& known, const SegmentInfo& info);
  WriterChange tell_state(const Known& known, const SegmentInfo& info);
  void tell_unseen_end(Known& known, const std::string& name, bool data_taken_over);
  void take_readers(Known& known, const SegmentInfo& info);

  EventLog& log_;
  WriterEnds ends_;
  std::map<std::string, Known> known_;
};

}  // namespace evo::tools
