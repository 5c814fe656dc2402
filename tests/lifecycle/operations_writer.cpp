// SPDX-License-Identifier: Apache-2.0
/// create, write, close.
#include "evo/format.hpp"
#include "judging.hpp"

namespace evo::test::lifecycle {

namespace {

/// The argument of `create`.
OnOrphan on_orphan(const Step& step) {
  constexpr OnOrphan kChoices[] = {OnOrphan::TakeOver, OnOrphan::TakeOver, OnOrphan::Replace,
                                   OnOrphan::Refuse};
  return kChoices[step.argument % 4];
}

void create(Actor& actor, const Request& request, Reply& reply) {
  const SegmentKind& kind = segments()[request.step.segment];
  auto made = kind.create(kind.layout(layout_of(request.step)),
                          {.domain = actor.domain(), .on_orphan = on_orphan(request.step)});
  report(reply, made);
  if (!made) return;
  reply.sequence = (*made)->sequence();
  actor.writer(request.step) = std::move(*made);
}

/// Updates the model after a successful create.
void open(World& world, const Step& step, const Reply& reply, bool continues) {
  SegmentModel& segment = world.segment(step);
  if (segment.phase == Phase::None) world.remove_control(step.segment);
  if (!continues) {
    if (segment.file != nullptr) {
      segment.file->detached = true;
      ++segment.file->awakenings;
    }
    segment.file = std::make_shared<DataFile>();
    segment.file->layout = layout_of(step);
  }
  demand(segment.trust == Trust::Lost || reply.sequence == segment.file->last(),
         fmt::format("continues after publish {}, not {}", reply.sequence, segment.file->last()));
  segment.phase = Phase::Open;
  segment.found_dead = false;
  world.actor(step).writers[step.segment] = {.file = segment.file};
}

void judge_create(World& world, const Step& step, const Reply& reply) {
  SegmentModel& segment = world.segment(step);
  const bool ok = reply.outcome.view() == "ok";
  if (segment.trust == Trust::Lost) {
    demand_outcome(reply, {"ok", "SegmentBusy", "AlreadyExists", "InvalidName", "InvalidSize",
                           "PermissionDenied", "NoSpace", "ResourceExhausted", "Corrupt",
                           "FormatMismatch", "Io", "Unsupported"});
    if (ok) open(world, step, reply, false);
    return;
  }
  if (is_excused(world, step, reply)) return;
  const ActorModel* const owner = world.live_writer(step.segment);
  if (owner != nullptr) return demand_outcome(reply, {"SegmentBusy"});
  const bool orphan = segment.phase == Phase::Open;
  const bool discards = segment.trust == Trust::Shared && ok && reply.sequence == 0;
  if (orphan && on_orphan(step) == OnOrphan::Refuse && !discards) {
    return demand_outcome(reply, {"AlreadyExists"});
  }
  demand_outcome(reply, {"ok"});
  const bool continues =
      orphan && on_orphan(step) == OnOrphan::TakeOver && segment.file->layout == layout_of(step);
  open(world, step, reply, continues && !(discards && segment.file->last() != 0));
}

bool can_write(const World& world, const Step& step) {
  return is_idle(world, step) && world.actor(step).writers.contains(step.segment);
}

void write_value(Actor& actor, const Request& request, Reply& reply, bool halting) {
  auto& writer = *actor.writer(request.step);
  const auto value = actor.buffer().place(writer.size());
  fill_value(value, request.ticket, actor.number());
  if (halting) actor.buffer().arm();
  report(reply, writer.write(value, halting ? 0 : request.step.argument));
  if (halting) actor.buffer().disarm();
  reply.sequence = writer.sequence();
}

void write(Actor& actor, const Request& request, Reply& reply) {
  write_value(actor, request, reply, false);
}

void write_halfway(Actor& actor, const Request& request, Reply& reply) {
  write_value(actor, request, reply, true);
}

/// Enough to go once around each ring, and past a reader.
std::uint64_t burst(const Step& step) {
  return 2 + step.argument % (kTicketsOfAStep - 2);
}

void write_burst(Actor& actor, const Request& request, Reply& reply) {
  Request each = request;
  for (; each.ticket < request.ticket + burst(request.step); ++each.ticket) {
    write_value(actor, each, reply, false);
    if (reply.outcome.view() != "ok") return;
    ++reply.count;
  }
}

void judge_write(World& world, const Step& step, const Reply& reply) {
  ActorModel& actor = world.actor(step);
  WriterModel& writer = actor.writers.at(step.segment);
  if (reply.halted) {
    actor.activity = Activity::Halted;
    actor.fenced_before = writer.fenced;
    return;
  }
  const bool resumed = actor.activity == Activity::Halted;
  actor.activity = Activity::Idle;
  if (world.segment(step).trust == Trust::Lost) {
    demand_outcome(reply, {"ok", "Fenced", "WouldBlock", "Timeout"});
    return;
  }
  if (writer.fenced && (!resumed || actor.fenced_before)) {
    return demand_outcome(reply, {"Fenced"});
  }
  if (writer.fenced) {
    demand_outcome(reply, {"ok", "Fenced"});
  } else if (!resumed && world.is_full(step.segment, *writer.file)) {
    return demand_outcome(reply, {"WouldBlock", "Timeout"});
  } else {
    demand_outcome(reply, {"ok"});
  }
  if (reply.outcome.view() != "ok") return;
  writer.file->values.push_back(actor.request.ticket);
  ++writer.file->awakenings;
  demand(reply.sequence == writer.file->last(),
         fmt::format("publish {} has number {}", writer.file->last(), reply.sequence));
}

void close(Actor& actor, const Request& request, Reply& reply) {
  actor.writer(request.step).reset();
  reply.outcome = "ok";
}

void judge_close(World& world, const Step& step, const Reply& /*reply*/) {
  ActorModel& actor = world.actor(step);
  const WriterModel writer = actor.writers.at(step.segment);
  actor.writers.erase(step.segment);
  SegmentModel& segment = world.segment(step);
  if (writer.fenced || segment.trust == Trust::Lost) return;
  segment.phase = Phase::Closed;
  ++segment.file->awakenings;
  if (world.attached(step.segment) == 0) world.remove_control(step.segment);
}

void judge_burst(World& world, const Step& step, const Reply& reply) {
  const ActorModel& actor = world.actor(step);
  const WriterModel& writer = actor.writers.at(step.segment);
  DataFile& file = *writer.file;
  if (world.segment(step).trust == Trust::Lost) return judge_write(world, step, reply);
  std::uint64_t count = 0;
  while (count < burst(step) && !writer.fenced && !world.is_full(step.segment, file)) {
    file.values.push_back(actor.request.ticket + count++);
  }
  if (count != 0) ++file.awakenings;
  demand(reply.count == count, fmt::format("{} publishes, not {}", reply.count, count));
  if (count == burst(step)) return demand_outcome(reply, {"ok"});
  writer.fenced ? demand_outcome(reply, {"Fenced"})
                : demand_outcome(reply, {"WouldBlock", "Timeout"});
}

constexpr Operation kTable[] = {
    {"create", 20, Sort::Fair, &is_idle, &create, &judge_create},
    {"write", 40, Sort::Fair, &can_write, &write, &judge_write},
    {"write_burst", 12, Sort::Fair, &can_write, &write_burst, &judge_burst},
    {"write_halfway", 12, Sort::Fair, &can_write, &write_halfway, &judge_write},
    {"close", 5, Sort::Fair, &can_write, &close, &judge_close},
};

}  // namespace

std::span<const Operation> writer_operations() {
  return kTable;
}

}  // namespace evo::test::lifecycle
