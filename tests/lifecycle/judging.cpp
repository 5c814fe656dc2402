// SPDX-License-Identifier: Apache-2.0
#include "judging.hpp"

#include "evo/format.hpp"

namespace evo::test::lifecycle {

void judge_value(World& world, const Step& step, const Reply& reply, Ticket& last_ticket) {
  const SegmentModel& segment = world.segment(step);
  const bool lost = segment.trust == Trust::Lost;
  const bool checksum = segments()[step.segment].channel.checksum == Checksum::Crc32c;
  if (!reply.whole) {
    // Without a checksum, no read notices damage to a payload.
    demand(lost && !checksum, fmt::format("a torn value; it begins with {}", reply.ticket));
    return;
  }
  const unsigned* const origin = world.segment_of(reply.ticket);
  demand(origin != nullptr, fmt::format("value {}, which no process wrote", reply.ticket));
  if (lost) return;
  demand(*origin == step.segment, fmt::format("value {} of another segment", reply.ticket));
  demand(reply.ticket >= last_ticket,
         fmt::format("value {} after value {}", reply.ticket, last_ticket));
  last_ticket = reply.ticket;
}

std::string_view outcome_of_attach(const World& world, const Step& step,
                                   std::optional<unsigned> wanted, bool has_entry) {
  const SegmentModel& segment = world.segment(step);
  if (segment.phase == Phase::None) return "NotFound";
  const std::uint32_t limit = segments()[step.segment].layout(segment.file->layout).max_readers;
  if (!has_entry && world.attached(step.segment) >= limit) return "ReaderTableFull";
  if (segment.phase == Phase::Closed) return "NotFound";
  if (wanted && *wanted != segment.file->layout) return "SchemaMismatch";
  return "ok";
}

void leave_closed(World& world, unsigned segment) {
  const SegmentModel& model = world.all_segments().at(segment);
  if (model.phase != Phase::Closed || world.attached(segment) != 0) return;
  // The user that leaves last may not be allowed to remove the files.
  if (model.trust == Trust::Shared && !world.files_of(segment).empty()) return;
  world.remove_control(segment);
}

}  // namespace evo::test::lifecycle
