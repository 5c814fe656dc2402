// SPDX-License-Identifier: Apache-2.0
/// attach, read, wait, reattach, detach.
#include "evo/format.hpp"
#include "judging.hpp"

namespace evo::test::lifecycle {

namespace {

using namespace std::chrono_literals;

/// Much longer than an operation may take: a reader that is not woken is found by its driver.
constexpr auto kForever = 60s;

bool has_reader(const World& world, const Step& step) {
  return is_idle(world, step) && world.actor(step).readers.contains(step.segment);
}

/// Whether `attach` names no layout.
bool takes_any(const Step& step) {
  return step.argument % 4 == 0;
}

std::chrono::nanoseconds patience(const Step& step) {
  return step.argument % 4 == 1 ? 300us : 0us;
}

void attach(Actor& actor, const Request& request, Reply& reply) {
  const SegmentKind& kind = segments()[request.step.segment];
  const ReaderOptions options{.domain = actor.domain(), .wait = patience(request.step)};
  auto made = takes_any(request.step) ? kind.attach_any(kind.channel.name, options)
                                      : kind.attach(kind.layout(layout_of(request.step)), options);
  report(reply, made);
  if (made) actor.reader(request.step) = std::move(*made);
}

/// A reader that is gone.
void leave(World& world, const Step& step) {
  ActorModel& actor = world.actor(step);
  const auto reader = actor.readers.find(step.segment);
  if (reader == actor.readers.end()) return;
  const unsigned control = reader->second.control;
  actor.readers.erase(reader);
  if (world.segment(step).control == control) leave_closed(world, step.segment);
}

void enter(World& world, const Step& step, std::optional<unsigned> fitted) {
  const SegmentModel& segment = world.segment(step);
  ReaderModel reader{.file = segment.file, .control = segment.control, .fitted = fitted};
  if (reader.file == nullptr) reader.file = std::make_shared<DataFile>();
  reader.next = std::max<std::uint64_t>(1, reader.file->last());
  leave(world, step);
  world.actor(step).readers[step.segment] = reader;
}

void judge_attach_as(World& world, const Step& step, const Reply& reply,
                     std::optional<unsigned> wanted, bool waits, bool has_entry) {
  if (world.segment(step).trust == Trust::Lost) {
    demand_outcome(reply,
                   {"ok", "NotFound", "NotReady", "Timeout", "InvalidName", "PermissionDenied",
                    "ReaderTableFull", "Corrupt", "FormatMismatch", "InvalidSchema",
                    "ResourceExhausted", "Unsupported", "SchemaMismatch", "Io"});
  } else {
    if (is_excused(world, step, reply)) return;
    std::string_view expected = outcome_of_attach(world, step, wanted, has_entry);
    if (waits && expected == "NotFound") expected = "Timeout";
    demand_outcome(reply, {expected});
  }
  if (reply.outcome.view() == "ok") return enter(world, step, wanted);
  leave_closed(world, step.segment);
}

void judge_attach(World& world, const Step& step, const Reply& reply) {
  const auto wanted = takes_any(step) ? std::nullopt : std::optional(layout_of(step));
  judge_attach_as(world, step, reply, wanted, patience(step) > 0us, false);
}

void reattach(Actor& actor, const Request& request, Reply& reply) {
  report(reply, actor.reader(request.step)->reattach(patience(request.step)));
}

void judge_reattach(World& world, const Step& step, const Reply& reply) {
  const ReaderModel& reader = world.actor(step).readers.at(step.segment);
  const SegmentModel& segment = world.segment(step);
  const bool has_entry = segment.phase != Phase::None && reader.control == segment.control;
  judge_attach_as(world, step, reply, reader.fitted, patience(step) > 0us, has_entry);
}

void read(Actor& actor, const Request& request, Reply& reply) {
  actor.read(*actor.reader(request.step), reply);
}

void read_halfway(Actor& actor, const Request& request, Reply& reply) {
  actor.buffer().arm();
  auto& reader = *actor.reader(request.step);
  const auto value = actor.buffer().place(reader.size());
  reader.read(value, reply);
  actor.buffer().disarm();
  if (reply.outcome.view() != "ok") return;
  reply.ticket = word_at(value, 0);
  reply.whole = is_whole(value);
}

void judge_state(World& world, const Step& step, const Reply& reply, ReaderModel& reader,
                 std::uint64_t oldest) {
  const DataFile& file = *reader.file;
  const std::string_view outcome = reply.outcome.view();
  // A read that halted may have begun before the segment was recreated.
  const bool resumed = oldest != file.last() || reader.awakenings != file.awakenings;
  if (outcome != "ok") {
    const std::string_view expected = file.detached      ? "Detached"
                                      : file.last() == 0 ? "NeverWritten"
                                                         : "ok";
    return demand_outcome(reply, {expected});
  }
  demand(!file.detached || resumed, "a value of a segment that was recreated");
  demand(reply.sequence >= oldest && reply.sequence <= file.last() && reply.sequence != 0,
         fmt::format("publish {}, the last is {}", reply.sequence, file.last()));
  demand(file.values[reply.sequence - 1] == reply.ticket,
         fmt::format("publish {} is value {}, not {}", reply.sequence,
                     file.values[reply.sequence - 1], reply.ticket));
  reader.seen = reply.sequence;
  judge_value(world, step, reply, reader.last_ticket);
}

void judge_item(World& world, const Step& step, const Reply& reply, ReaderModel& reader) {
  const DataFile& file = *reader.file;
  if (reader.next > file.last()) {
    return demand_outcome(reply, {file.detached ? "Detached" : "Nothing"});
  }
  demand_outcome(reply, {"ok"});
  demand(reply.sequence >= reader.next && reply.sequence <= file.last(),
         fmt::format("publish {}, expected {} to {}", reply.sequence, reader.next, file.last()));
  const std::uint64_t skipped = reply.sequence - reader.next;
  demand(reply.lost == skipped, fmt::format("{} lost, not {}", reply.lost, skipped));
  const std::uint64_t capacity = segments()[step.segment].layout(file.layout).slots;
  demand(skipped == 0 || reader.next + capacity <= file.last(),
         fmt::format("skips publish {}, which is there", reader.next));
  demand(skipped == 0 || segments()[step.segment].channel.overflow == Overflow::Overwrite,
         "loses a value of a blocking stream");
  demand(file.values[reply.sequence - 1] == reply.ticket,
         fmt::format("publish {} is value {}, not {}", reply.sequence,
                     file.values[reply.sequence - 1], reply.ticket));
  reader.next = reply.sequence + 1;
  judge_value(world, step, reply, reader.last_ticket);
}

void judge_read(World& world, const Step& step, const Reply& reply) {
  ActorModel& actor = world.actor(step);
  ReaderModel& reader = actor.readers.at(step.segment);
  if (reply.halted) {
    actor.activity = Activity::Halted;
    actor.seen_before = reader.file->last();
    reader.awakenings = reader.file->awakenings;
    return;
  }
  const bool resumed = actor.activity == Activity::Halted;
  actor.activity = Activity::Idle;
  if (world.segment(step).trust == Trust::Lost) {
    demand_outcome(reply,
                   {"ok", "NeverWritten", "Contended", "ChecksumMismatch", "Detached", "Nothing"});
    if (reply.outcome.view() == "ok") judge_value(world, step, reply, reader.last_ticket);
    return;
  }
  if (segments()[step.segment].is_stream()) return judge_item(world, step, reply, reader);
  if (!resumed) reader.awakenings = reader.file->awakenings;
  judge_state(world, step, reply, reader, resumed ? actor.seen_before : reader.file->last());
}

/// Whether there is something that the reader has not taken.
bool has_news(const Step& step, const ReaderModel& reader) {
  return segments()[step.segment].is_stream() ? reader.next <= reader.file->last()
                                              : reader.seen < reader.file->last();
}

void wait(Actor& actor, const Request& request, Reply& reply) {
  reply.outcome = actor.reader(request.step)->wait(100us) ? "yes" : "no";
}

void judge_wait(World& world, const Step& step, const Reply& reply) {
  const ReaderModel& reader = world.actor(step).readers.at(step.segment);
  if (world.segment(step).trust == Trust::Lost || reader.file->detached) {
    return demand_outcome(reply, {"yes", "no"});
  }
  demand_outcome(reply, {has_news(step, reader) ? "yes" : "no"});
}

bool can_sleep(const World& world, const Step& step) {
  if (!has_reader(world, step) || world.segment(step).trust == Trust::Lost) return false;
  const ReaderModel& reader = world.actor(step).readers.at(step.segment);
  const ActorModel* const owner = world.live_writer(step.segment);
  // Its own writer cannot wake it, and a former file has no writer.
  return !has_news(step, reader) && owner != nullptr && owner != &world.actor(step) &&
         world.segment(step).file == reader.file && !reader.file->detached;
}

void sleep(Actor& actor, const Request& request, Reply& reply) {
  reply.outcome = actor.reader(request.step)->wait(kForever) ? "yes" : "no";
}

/// The driver goes on while the reader sleeps; World::collect_sleepers judges the reply.
void start_sleep(World& world, const Step& step, const Reply& /*reply*/) {
  ActorModel& actor = world.actor(step);
  ReaderModel& reader = actor.readers.at(step.segment);
  reader.awakenings = reader.file->awakenings;
  actor.activity = Activity::Asleep;
}

/// The argument of `seek`.
unsigned way_of(const Step& step) {
  return step.argument % 4U;
}

std::uint64_t sequence_of(const Step& step) {
  return 1 + step.argument / 4U % 32U;
}

/// Not in a blocking stream: values before the first one that was kept may be lost or not. Not
/// beyond the next value: a sleeper would sleep through the publishes before that one.
bool can_seek(const World& world, const Step& step) {
  if (!has_reader(world, step)) return false;
  const SegmentKind& kind = segments()[step.segment];
  const std::uint64_t last = world.actor(step).readers.at(step.segment).file->last();
  return kind.is_stream() && kind.channel.overflow == Overflow::Overwrite &&
         sequence_of(step) <= last + 1;
}

void seek(Actor& actor, const Request& request, Reply& reply) {
  actor.reader(request.step)->seek(way_of(request.step), sequence_of(request.step));
  reply.outcome = "ok";
}

void judge_seek(World& world, const Step& step, const Reply& /*reply*/) {
  ReaderModel& reader = world.actor(step).readers.at(step.segment);
  const std::uint64_t last = reader.file->last();
  const std::uint64_t capacity = segments()[step.segment].layout(reader.file->layout).slots;
  reader.next = sequence_of(step);
  if (way_of(step) == 0) reader.next = std::max<std::uint64_t>(1, last);
  if (way_of(step) == 1) reader.next = last >= capacity ? last - capacity + 1 : 1;
  reader.last_ticket = 0;  // it may go back
}

void detach(Actor& actor, const Request& request, Reply& reply) {
  actor.reader(request.step).reset();
  reply.outcome = "ok";
}

void judge_detach(World& world, const Step& step, const Reply& /*reply*/) {
  leave(world, step);
}

void ask_state(Actor& actor, const Request& request, Reply& reply) {
  reply.outcome = to_string(actor.reader(request.step)->writer_state());
}

void judge_ask_state(World& world, const Step& step, const Reply& reply) {
  const SegmentModel& segment = world.segment(step);
  const ReaderModel& reader = world.actor(step).readers.at(step.segment);
  if (segment.trust == Trust::Lost || segment.file != reader.file || reader.file->detached) return;
  if (world.live_writer(step.segment) != nullptr) return demand_outcome(reply, {"Alive"});
  if (segment.phase == Phase::Open) return demand_outcome(reply, {"Dead"});
  demand_outcome(reply, {"Dead", "Closed"});
}

constexpr Operation kTable[] = {
    {"attach", 25, Sort::Fair, &is_idle, &attach, &judge_attach},
    {"reattach", 6, Sort::Fair, &has_reader, &reattach, &judge_reattach},
    {"read", 40, Sort::Fair, &has_reader, &read, &judge_read},
    {"read_halfway", 12, Sort::Fair, &has_reader, &read_halfway, &judge_read},
    {"wait", 6, Sort::Fair, &has_reader, &wait, &judge_wait},
    {"sleep", 8, Sort::Fair, &can_sleep, &sleep, &start_sleep, true},
    {"ask_state", 5, Sort::Fair, &has_reader, &ask_state, &judge_ask_state},
    {"seek", 10, Sort::Fair, &can_seek, &seek, &judge_seek},
    {"detach", 6, Sort::Fair, &has_reader, &detach, &judge_detach},
};

}  // namespace

std::span<const Operation> reader_operations() {
  return kTable;
}

}  // namespace evo::test::lifecycle
