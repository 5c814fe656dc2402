// SPDX-License-Identifier: Apache-2.0
/// fence, cleanup, list, inspect, and a passive reader: from any process.
#include "evo/cleanup.hpp"
#include "evo/fencing.hpp"
#include "evo/format.hpp"
#include "evo/passive_reader.hpp"
#include "evo/segment_info.hpp"
#include "judging.hpp"

namespace evo::test::lifecycle {

namespace {

std::string_view name_of(const Step& step) {
  return segments()[step.segment].channel.name;
}

void fence(Actor& actor, const Request& request, Reply& reply) {
  const auto fenced = fence_off_writer(actor.domain(), name_of(request.step));
  report(reply, fenced);
  if (fenced) reply.count = fenced->fenced ? 1 : 0;
}

/// The model of a writer that was fenced off: its segment has no names any more.
void retire(World& world, const Step& step) {
  SegmentModel& segment = world.segment(step);
  for (ActorModel& actor : world.actors()) {
    const auto writer = actor.writers.find(step.segment);
    if (writer != actor.writers.end()) writer->second.fenced = true;
  }
  if (segment.file == nullptr) return;
  segment.file->detached = true;
  ++segment.file->awakenings;
}

void judge_fence(World& world, const Step& step, const Reply& reply) {
  SegmentModel& segment = world.segment(step);
  if (segment.trust == Trust::Lost) {
    return demand_outcome(reply, {"ok", "NotFound", "SegmentBusy", "PermissionDenied", "Corrupt",
                                  "FormatMismatch", "Io"});
  }
  if (is_excused(world, step, reply)) return;
  if (segment.phase == Phase::None) return demand_outcome(reply, {"NotFound"});
  demand_outcome(reply, {"ok"});
  const bool alive = world.live_writer(step.segment) != nullptr;
  demand(reply.count == (alive ? 1U : 0U), fmt::format("fenced off {} writers", reply.count));
  if (alive) retire(world, step);
  if (alive) {
    world.remove_control(step.segment);
  } else {
    leave_closed(world, step.segment);
  }
}

/// The argument of `cleanup`.
CleanupPolicy policy(const Step& step) {
  CleanupPolicy policy;
  policy.grace = step.argument % 4 == 0 ? std::chrono::hours(1) : std::chrono::hours(0);
  policy.dry_run = step.argument % 4 == 1;
  return policy;
}

void cleanup(Actor& actor, const Request& request, Reply& reply) {
  const auto report_of = [&]() -> Result<CleanupReport> {
    if (request.step.argument / 4 % 2 == 0) {
      return cleanup_orphaned_segments(actor.domain(), policy(request.step));
    }
    return cleanup_orphaned_segment(actor.domain(), name_of(request.step), policy(request.step));
  };
  const auto done = report_of();
  report(reply, done);
  if (!done) return;
  for (const CleanupItem& item : done->items) {
    if (item.name != name_of(request.step)) continue;
    reply.outcome = to_string(item.action);
    reply.text = item.reason;
  }
}

/// Whose files a pass over the whole domain removes depends on the users.
bool can_clean(const World& world, const Step& step) {
  return is_idle(world, step) && (!world.setting().many_users || step.argument / 4 % 2 != 0);
}

/// The action for the segment; "ok" if there is none.
std::string_view action_for(const World& world, unsigned index, const CleanupPolicy& policy) {
  const SegmentModel& segment = world.all_segments().at(index);
  if (segment.phase == Phase::None || world.live_writer(index) != nullptr) return "ok";
  if (segment.phase == Phase::Closed && world.attached(index) != 0) return "StillRead";
  if (segment.phase == Phase::Open && policy.grace != std::chrono::hours(0)) return "Waiting";
  return policy.dry_run ? "WouldRemove" : "Removed";
}

/// The model after a pass.
void clean(World& world, unsigned index, const CleanupPolicy& policy, std::string_view action) {
  SegmentModel& segment = world.all_segments().at(index);
  const bool orphan = segment.phase == Phase::Open && world.live_writer(index) == nullptr;
  if (policy.dry_run) return;
  if (orphan && (!segment.found_dead || action == "Removed")) {
    segment.found_dead = true;
    ++segment.file->awakenings;
  }
  if (action != "Removed") return;
  segment.phase = Phase::Closed;
  if (world.attached(index) == 0) world.remove_control(index);
}

void judge_cleanup(World& world, const Step& step, const Reply& reply) {
  const bool all = step.argument / 4 % 2 == 0;
  const CleanupPolicy chosen = policy(step);
  for (unsigned i = 0; i < segments().size(); ++i) {
    const bool asked = i == step.segment;
    SegmentModel& segment = world.all_segments().at(i);
    if ((!asked && !all) || segment.trust == Trust::Lost) continue;
    const std::string_view expected = action_for(world, i, chosen);
    const Step other{.actor = step.actor, .segment = static_cast<std::uint16_t>(i)};
    if (segment.trust == Trust::Shared && world.has_foreign_file(other)) {
      // What the user may not remove stays.
      if (reply.outcome.view() == expected) clean(world, i, chosen, expected);
      continue;
    }
    if (asked && !all && segment.phase == Phase::None) {
      demand_outcome(reply, {"NotFound"});
      continue;
    }
    if (asked) demand_outcome(reply, {expected});
    clean(world, i, chosen, expected);
  }
}

void inspect(Actor& actor, const Request& request, Reply& reply) {
  if (request.step.argument % 2 == 0) {
    const auto all = list_segments(actor.domain());
    report(reply, all);
    if (!all) return;
    reply.outcome = "NotFound";
    for (const SegmentInfo& info : *all) {
      if (info.name != name_of(request.step)) continue;
      reply.outcome = to_string(info.condition);
      reply.text = to_string(info.writer_state);
      reply.count = info.readers.size();
      reply.sequence = info.sequence;
    }
    return;
  }
  const auto info = inspect_segment(actor.domain(), name_of(request.step));
  report(reply, info);
  if (!info) return;
  reply.outcome = to_string(info->condition);
  reply.text = to_string(info->writer_state);
  reply.count = info->readers.size();
  reply.sequence = info->sequence;
}

void judge_inspect(World& world, const Step& step, const Reply& reply) {
  const SegmentModel& segment = world.segment(step);
  if (segment.trust == Trust::Lost) return;
  if (segment.trust == Trust::Shared && world.has_foreign_file(step)) return;
  if (segment.phase == Phase::None) return demand_outcome(reply, {"NotFound"});
  if (segment.phase == Phase::Closed) return demand_outcome(reply, {"Closed", "Removed"});
  demand_outcome(reply, {"Sound"});
  const bool alive = world.live_writer(step.segment) != nullptr;
  demand(reply.text.view() == (alive ? "Alive" : "Dead"),
         fmt::format("the writer is {}", reply.text.view()));
  demand(reply.count == world.attached(step.segment),
         fmt::format("{} readers, not {}", reply.count, world.attached(step.segment)));
  demand(reply.sequence == segment.file->last(),
         fmt::format("publish {}, not {}", reply.sequence, segment.file->last()));
}

void look(Actor& actor, const Request& request, Reply& reply) {
  auto reader = PassiveReader::open(actor.domain(), name_of(request.step));
  report(reply, reader);
  if (!reader) return;
  const auto value = actor.buffer().place(reader->size());
  const auto info = reader->read(value);
  report(reply, info);
  if (!info) return;
  reply.sequence = info->sequence;
  reply.ticket = word_at(value, 0);
  reply.whole = is_whole(value);
}

void judge_look(World& world, const Step& step, const Reply& reply) {
  const SegmentModel& segment = world.segment(step);
  Ticket last_ticket = 0;
  if (segment.trust == Trust::Lost) {
    if (reply.outcome.view() == "ok") judge_value(world, step, reply, last_ticket);
    return demand_outcome(reply, {"ok", "NotFound", "NotReady", "InvalidName", "PermissionDenied",
                                  "Corrupt", "FormatMismatch", "ResourceExhausted", "NeverWritten",
                                  "Contended", "ChecksumMismatch", "Detached"});
  }
  if (is_excused(world, step, reply)) return;
  if (segment.phase != Phase::Open) return demand_outcome(reply, {"NotFound"});
  if (segment.file->last() == 0) return demand_outcome(reply, {"NeverWritten"});
  demand_outcome(reply, {"ok"});
  demand(reply.sequence == segment.file->last() && reply.ticket == segment.file->values.back(),
         fmt::format("publish {}, value {}", reply.sequence, reply.ticket));
  judge_value(world, step, reply, last_ticket);
}

constexpr Operation kTable[] = {
    {"fence", 6, Sort::Fair, &is_idle, &fence, &judge_fence},
    {"cleanup", 10, Sort::Fair, &can_clean, &cleanup, &judge_cleanup},
    {"inspect", 6, Sort::Fair, &is_idle, &inspect, &judge_inspect},
    {"look", 8, Sort::Fair, &is_idle, &look, &judge_look},
};

}  // namespace

std::span<const Operation> maintenance_operations() {
  return kTable;
}

}  // namespace evo::test::lifecycle
