// SPDX-License-Identifier: Apache-2.0
/// kill, restart, stop, fork: what happens to processes.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child_process.hpp"
#include "evo/format.hpp"
#include "judging.hpp"

namespace evo::test::lifecycle {

namespace {

bool lives(const World& world, const Step& step) {
  return world.actor(step).lives();
}

void kill(World& world, const Step& step, const Reply& /*reply*/) {
  world.kill(world.actor(step));
}

bool is_dead(const World& world, const Step& step) {
  return !world.actor(step).lives();
}

void restart(World& world, const Step& step, const Reply& /*reply*/) {
  world.start(step.actor);
}

void stop(World& world, const Step& step, const Reply& /*reply*/) {
  ActorModel& actor = world.actor(step);
  ::kill(actor.pid, SIGSTOP);
  ::waitpid(actor.pid, nullptr, WUNTRACED);
  actor.activity = Activity::Stopped;
}

bool is_stopped(const World& world, const Step& step) {
  return world.actor(step).activity == Activity::Stopped;
}

void go_on(World& world, const Step& step, const Reply& /*reply*/) {
  ActorModel& actor = world.actor(step);
  ::kill(actor.pid, SIGCONT);
  actor.activity = Activity::Idle;
}

bool is_halted(const World& world, const Step& step) {
  return world.actor(step).activity == Activity::Halted;
}

void resume(World& world, const Step& step, const Reply& /*reply*/) {
  ActorModel& actor = world.actor(step);
  const Step halted = actor.request.step;
  const Reply reply = world.ask(actor, {});
  if (reply.outcome.view() == "died") return;
  demand(!reply.halted, "halted twice");
  operations()[halted.operation].judge(world, halted, reply);
}

/// How a forked child ends.
enum class ChildEnd { Exits, Closes, Stays };

ChildEnd child_end(const Step& step) {
  return static_cast<ChildEnd>(step.argument % 3);
}

/// In a forked child: what the inherited ends still do. Empty, or a complaint, which begins with
/// an exclamation mark.
std::string try_inherited(Actor& actor, Step step) {
  for (step.segment = 0; step.segment < segments().size(); ++step.segment) {
    const auto& name = segments()[step.segment].channel.name;
    if (const auto& writer = actor.writer(step)) {
      const auto value = actor.buffer().place(segments()[step.segment].channel.size);
      fill_value(value, ~Ticket{0}, 0);
      const auto wrote = writer->write(value, step.argument);
      if (wrote || wrote.error() != WriteError::Fenced) return fmt::format("!{} is written", name);
    }
    if (const auto& reader = actor.reader(step)) {
      Reply reply;
      actor.read(*reader, reply);
      if (reply.outcome.view() != "Detached") {
        return fmt::format("!{} is read: {}", name, reply.outcome.view());
      }
      if (reader->writer_state() != WriterState::Detached) return fmt::format("!{} is seen", name);
    }
  }
  return "";
}

/// In a forked child: a reader of its own.
std::string try_own_reader(Actor& actor, const Step& step) {
  const SegmentKind& kind = segments()[step.segment];
  auto reader = kind.attach_any(kind.channel.name, {.domain = actor.domain()});
  if (!reader) return std::string(to_string(reader.error().code));
  Reply reply;
  actor.read(**reader, reply);
  return std::string(reply.outcome.view());
}

[[noreturn]] void be_child(Actor& actor, const Step& step, Pipe& answer) {
  answer.close_reading();
  actor.leave_socket();
  ::alarm(60);  // should the driver be killed
  std::string text = try_inherited(actor, step);
  if (text.empty()) text = try_own_reader(actor, step);
  if (child_end(step) == ChildEnd::Closes) actor.close_everything();
  answer.write(text);
  answer.close_writing();
  if (child_end(step) == ChildEnd::Stays) ::pause();
  ::_exit(0);
}

void fork(Actor& actor, const Request& request, Reply& reply) {
  Pipe answer;
  const pid_t child = ::fork();
  if (child == 0) be_child(actor, request.step, answer);
  if (child < 0) throw std::runtime_error("fork failed");
  answer.close_writing();
  reply.text = answer.read_all();
  reply.outcome = "ok";
  reply.count = static_cast<std::uint64_t>(child);
  if (child_end(request.step) == ChildEnd::Stays) return;
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) reply.outcome = "the child crashed";
}

void judge_fork(World& world, const Step& step, const Reply& reply) {
  if (child_end(step) == ChildEnd::Stays) world.add_stray(static_cast<pid_t>(reply.count));
  const SegmentModel& segment = world.segment(step);
  if (reply.outcome.view() == "the child crashed" && world.actor(step).may_fault) return;
  demand_outcome(reply, {"ok"});
  demand(!reply.text.view().starts_with('!'),
         fmt::format("in a forked child, {}", reply.text.view().substr(1)));
  if (segment.trust == Trust::Lost) return;
  std::string_view expected = outcome_of_attach(world, step, std::nullopt, false);
  if (reply.text.view() == "NotFound") leave_closed(world, step.segment);
  if (segment.trust == Trust::Shared && reply.text.view() == "PermissionDenied") return;
  if (expected == "ok") {
    const bool stream = segments()[step.segment].is_stream();
    if (segment.file->last() == 0) expected = stream ? "Nothing" : "NeverWritten";
  }
  demand(reply.text.view() == expected,
         fmt::format("a forked child: {}, expected {}", reply.text.view(), expected));
}

constexpr Operation kTable[] = {
    {"kill", 8, Sort::Fair, &lives, nullptr, &kill},
    {"restart", 40, Sort::Fair, &is_dead, nullptr, &restart},
    {"stop", 4, Sort::Fair, &is_idle, nullptr, &stop},
    {"go_on", 12, Sort::Fair, &is_stopped, nullptr, &go_on},
    {"resume", 30, Sort::Fair, &is_halted, nullptr, &resume},
    {"fork", 4, Sort::Fair, &is_idle, &fork, &judge_fork},
};

}  // namespace

std::span<const Operation> process_operations() {
  return kTable;
}

}  // namespace evo::test::lifecycle
