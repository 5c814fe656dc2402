// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "child_process.hpp"
#include "evo/cleanup.hpp"
#include "evo/format.hpp"

namespace evo::test::lifecycle {

namespace {

/// No operation takes this long, even on a busy machine: the longest one gives up after a second.
constexpr int kHangMilliseconds = 10'000;

constexpr gid_t kGroup = 2000;
constexpr gid_t kOtherGroup = 3000;
constexpr User kUsers[] = {{1001, kGroup}, {1002, kGroup}, {1003, kOtherGroup}, {0, 0}};

void become(User user) {
  if (user.user == ::geteuid()) return;
  if (::setgroups(0, nullptr) != 0 || ::setresgid(user.group, user.group, user.group) != 0 ||
      ::setresuid(user.user, user.user, user.user) != 0) {
    throw std::runtime_error("cannot become another user");
  }
}

/// Never a group of processes, whatever the model says.
void kill_process(pid_t pid) {
  if (pid <= 0) throw std::logic_error("the model has no process to kill");
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

std::string describe(int status) {
  if (WIFSIGNALED(status)) return fmt::format("killed by signal {}", WTERMSIG(status));
  return fmt::format("exited with {}", WEXITSTATUS(status));
}

}  // namespace

void demand(bool holds, const std::string& text) {
  if (!holds) throw Violation(text);
}

void demand_outcome(const Reply& reply, std::initializer_list<std::string_view> allowed) {
  if (std::find(allowed.begin(), allowed.end(), reply.outcome.view()) != allowed.end()) return;
  throw Violation(fmt::format("'{}' ({}), expected {}", reply.outcome.view(), reply.text.view(),
                              fmt::join(allowed, " or ")));
}

World::World(Setting setting) : setting_(setting), segments_(segments().size()) {
  // The grandchildren of dead actors come to this process, which waits for their end.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (setting.many_users) ::chmod(directory_.path().c_str(), 01777);
  for (SegmentModel& segment : segments_) {
    if (setting.many_users) segment.trust = Trust::Shared;
  }
  for (unsigned i = 0; i < kActors; ++i) start(i);
}

World::~World() {
  for (ActorModel& actor : actors_) {
    if (actor.lives()) kill(actor);
  }
  for (const pid_t pid : strays_) {
    kill_process(pid);
  }
}

void World::start(unsigned index) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::runtime_error("socketpair failed");
  }
  ActorModel& actor = actors_.at(index);
  actor = ActorModel();
  if (setting_.many_users) actor.user = kUsers[index];
  const pid_t driver = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) {
    for (const ActorModel& other : actors_) {
      if (other.socket >= 0) ::close(other.socket);
    }
    ::close(ends[0]);
    if (setting_.many_users) become(kUsers[index]);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != driver) ::_exit(2);
    Actor(ends[1], directory_.domain(), index).serve();
  }
  ::close(ends[1]);
  actor.pid = pid;
  actor.socket = ends[0];
  actor.activity = Activity::Idle;
}

void World::send(ActorModel& actor, const Request& request) {
  static_cast<void>(::send(actor.socket, &request, sizeof request, MSG_NOSIGNAL));
}

Reply World::await_reply(ActorModel& actor) {
  pollfd end{.fd = actor.socket, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&end, 1, kHangMilliseconds);
  } while (ready < 0 && errno == EINTR);
  demand(ready == 1, "no answer within 10 s");
  Reply reply;
  if (::recv(actor.socket, &reply, sizeof reply, 0) == sizeof reply) return reply;
  int status = 0;
  ::waitpid(actor.pid, &status, 0);
  const bool expected = actor.may_fault && WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS;
  bury(actor);
  demand(expected, "the process was " + describe(status));
  reply.outcome = "died";
  return reply;
}

Reply World::ask(ActorModel& actor, const Request& request) {
  send(actor, request);
  return await_reply(actor);
}

void World::kill(ActorModel& actor) {
  kill_process(actor.pid);
  bury(actor);
}

void World::bury(ActorModel& actor) {
  for (auto& [index, writer] : actor.writers) {
    if (writer.fenced) continue;
    writer.file->was_orphan = true;
    segments_.at(index).found_dead = false;
  }
  ::close(actor.socket);
  actor = ActorModel();
}

bool World::run(const Step& step) {
  const Operation& operation = operations()[step.operation];
  if (!operation.applies(*this, step)) return false;
  ActorModel& who = actor(step);
  Reply reply;
  if (operation.perform != nullptr) {
    who.request = {.step = step, .ticket = next_ticket_};
    tickets_[next_ticket_ / kTicketsOfAStep] = step.segment;
    next_ticket_ += kTicketsOfAStep;
    send(who, who.request);
    if (!operation.answers_later) reply = await_reply(who);
  }
  if (reply.outcome.view() == "exception") throw Violation(std::string(reply.text.view()));
  if (reply.outcome.view() != "died") operation.judge(*this, step, reply);
  collect_sleepers();
  return true;
}

void World::collect_sleepers() {
  for (ActorModel& actor : actors_) {
    if (actor.activity != Activity::Asleep) continue;
    const unsigned index = actor.request.step.segment;
    ReaderModel& reader = actor.readers.at(index);
    if (segments_.at(index).trust == Trust::Lost) {
      // It may sleep on; so it ends here.
      kill(actor);
      continue;
    }
    if (reader.file->awakenings == reader.awakenings) continue;
    const Reply reply = await_reply(actor);
    if (reply.outcome.view() == "died") continue;
    actor.activity = Activity::Idle;
    const bool stream = segments()[index].is_stream();
    const bool due =
        stream ? reader.next <= reader.file->last() : reader.seen < reader.file->last();
    const std::string_view expected = due ? "yes" : "no";
    // It may have noticed the death of the writer before a successor published.
    if (reader.file->was_orphan || (reader.file->detached && !stream)) {
      demand_outcome(reply, {"yes", "no"});
    } else {
      demand_outcome(reply, {expected});
    }
  }
}

const ActorModel* World::live_writer(unsigned segment) const {
  for (const ActorModel& actor : actors_) {
    const auto writer = actor.writers.find(segment);
    if (writer != actor.writers.end() && !writer->second.fenced) return &actor;
  }
  return nullptr;
}

unsigned World::attached(unsigned segment) const {
  const SegmentModel& model = segments_.at(segment);
  if (model.phase == Phase::None) return 0;
  unsigned count = 0;
  for (const ActorModel& actor : actors_) {
    const auto reader = actor.readers.find(segment);
    count += reader != actor.readers.end() && reader->second.control == model.control ? 1 : 0;
  }
  return count;
}

bool World::is_full(unsigned segment, const DataFile& file) const {
  const SegmentKind& kind = segments()[segment];
  if (!kind.is_stream() || kind.channel.overflow != Overflow::Block) return false;
  for (const ActorModel& actor : actors_) {
    const auto reader = actor.readers.find(segment);
    if (reader == actor.readers.end() || reader->second.file.get() != &file) continue;
    const std::uint64_t capacity = kind.layout(file.layout).slots;
    if (file.last() + 1 >= reader->second.next + capacity) return true;
  }
  return false;
}

std::vector<std::string> World::files_of(unsigned segment) const {
  const std::string name(segments()[segment].channel.name);
  std::vector<std::string> found;
  for (const std::string& file : directory_.files()) {
    const bool data = file.find("_" + name + "_") != std::string::npos;
    if (data || file.starts_with("evo_" + name + ".")) found.push_back(file);
  }
  return found;
}

bool World::has_foreign_file(const Step& step) const {
  for (const std::string& file : files_of(step.segment)) {
    struct stat status {};
    if (::lstat((directory_.path() / file).c_str(), &status) == 0 &&
        status.st_uid != actor(step).user.user) {
      return true;
    }
  }
  return false;
}

const unsigned* World::segment_of(Ticket ticket) const {
  const auto found = tickets_.find(ticket / kTicketsOfAStep);
  return found == tickets_.end() ? nullptr : &found->second;
}

void World::remove_control(unsigned segment) {
  SegmentModel& model = segments_.at(segment);
  model.phase = Phase::None;
  model.control = next_control_++;
}

void World::finish() {
  for (ActorModel& actor : actors_) {
    if (actor.lives()) kill(actor);
  }
  for (const pid_t pid : std::exchange(strays_, {})) {
    kill_process(pid);
  }
  // Twice: what one pass makes unclaimed, the next one removes.
  for (int pass = 0; pass < 2; ++pass) {
    for (const User& user : kUsers) {
      if (!setting_.many_users && user.user != kUsers[std::size(kUsers) - 1].user) continue;
      const ChildResult result = in_child([&]() -> std::string {
        if (setting_.many_users) become(user);
        const auto report =
            cleanup_orphaned_segments(directory_.domain(), {.grace = std::chrono::nanoseconds(0)});
        return report ? "" : fmt::format("the last cleanup: {}", report.error());
      });
      demand(result.status == 0, "the last cleanup was " + describe(result.status));
      demand(result.text.empty(), result.text);
    }
  }
  check_nothing_stays();
}

void World::check_nothing_stays() {
  for (unsigned i = 0; i < segments_.size(); ++i) {
    if (segments_[i].trust == Trust::Lost) continue;
    const auto left = files_of(i);
    demand(left.empty(), fmt::format("the last cleanup leaves {}", fmt::join(left, ", ")));
  }
  if (setting_.hostile) return;
  const auto left = directory_.files();
  demand(left.empty(), fmt::format("the last cleanup leaves {}", fmt::join(left, ", ")));
}

}  // namespace evo::test::lifecycle
