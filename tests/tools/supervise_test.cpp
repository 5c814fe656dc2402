// SPDX-License-Identifier: Apache-2.0
/// evo-shm supervise: what it reports, what it removes, and how it ends.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "evo/segment_info.hpp"
#include "supervisor_fixture.hpp"

namespace evo::test {
namespace {

using nlohmann::json;

TEST_F(Supervise, TellsOfALifeFromStartToRemoval) {
  const auto program = start({"--grace", "0.2"});
  const Pipe ready;
  Child writer([&]() -> std::string {
    auto own = create();
    if (!own) return message_of(own);
    own->write(bytes_of(std::uint64_t{1}));
    ready.write("x");
    ::pause();
    return {};
  });
  ASSERT_TRUE(ready.await_byte());
  const auto started = await(*program, "writer_started", "probe");
  ASSERT_TRUE(started);
  EXPECT_EQ((*started)["pid"], writer.pid());
  EXPECT_EQ((*started)["takeover"], false);
  auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  const auto attached = await(*program, "reader_attached", "probe");
  ASSERT_TRUE(attached);
  EXPECT_EQ((*attached)["pid"], ::getpid());
  writer.kill();
  const auto died = await(*program, "writer_died", "probe");
  ASSERT_TRUE(died);
  EXPECT_EQ((*died)["level"], "warning");
  EXPECT_EQ((*died)["sequence"], 1);
  EXPECT_TRUE(await(*program, "segment_waits_for_successor", "probe"));
  EXPECT_EQ(to_string(reader->writer_state()), "Dead");
  EXPECT_TRUE(await(*program, "segment_removed", "probe"));
  EXPECT_EQ(to_string(reader->writer_state()), "Dead");
  EXPECT_EQ(read_number(*reader), "1");
  reader = tl::unexpected(Error{});
  EXPECT_TRUE(await(*program, "segment_vanished", "probe"));
  EXPECT_TRUE(directory_.files().empty());
  EXPECT_EQ(program->end(), 0);
}

TEST_F(Supervise, LeavesWhatIsTakenOverInTime) {
  const auto program = start({"--grace", "3600"});
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
  ASSERT_TRUE(await(*program, "segment_waits_for_successor", "probe"));
  auto writer = create();
  ASSERT_TRUE(writer) << message_of(writer);
  const auto started = await(*program, "writer_started", "probe");
  ASSERT_TRUE(started);
  EXPECT_EQ((*started)["takeover"], true);
  EXPECT_EQ((*started)["incarnation"], writer->incarnation());
  writer = tl::unexpected(Error{});
  EXPECT_TRUE(await(*program, "segment_vanished", "probe"));
  EXPECT_EQ(program->end(SIGINT), 0);
}

TEST_F(Supervise, TellsOfReadersThatDie) {
  const auto writer = create();
  const auto program = start();
  const Pipe ready;
  Child reader([&]() -> std::string {
    const auto own = RawStateReader::attach("probe", {.domain = directory_.domain()});
    ready.write("x");
    ::pause();
    return {};
  });
  ASSERT_TRUE(ready.await_byte());
  ASSERT_TRUE(await(*program, "reader_attached", "probe"));
  const pid_t pid = reader.pid();
  reader.kill();
  const auto left = await(*program, "reader_left", "probe");
  ASSERT_TRUE(left);
  EXPECT_EQ((*left)["pid"], pid);
}

TEST_F(Supervise, FindsWhatDiedBeforeItStarted) {
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
  const auto program = start({"--grace", "0"});
  EXPECT_TRUE(await(*program, "segment_removed", "probe"));
}

TEST_F(Supervise, WithoutPidfdsItScans) {
  const auto program = start({"--simulate", "--simulation-interval", "0.05", "--grace", "0"});
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
  EXPECT_TRUE(await(*program, "segment_removed", "probe"));
}

TEST_F(Supervise, TwoAtOnceDoNoHarm) {
  const auto first = start({"--grace", "0"});
  const auto second = start({"--grace", "0"});
  for (int round = 0; round < 20; ++round) {
    leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
    const auto writer = create();
    ASSERT_TRUE(writer) << message_of(writer);
    const auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
    ASSERT_TRUE(reader) << message_of(reader);
  }
  EXPECT_EQ(first->end(), 0);
  EXPECT_EQ(second->end(), 0);
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Supervise, OncePassesOnceAndSaysWhatItDid) {
  leave_orphan(directory_.domain(), raw_channel("dead", 8), 3);
  const auto live = create("live");
  std::string text;
  Program dry(EVO_SHM, arguments({"--once", "--grace", "0", "--dry-run"}));
  EXPECT_EQ(dry.join(&text), 0);
  EXPECT_TRUE(contains(text, "event=segment_would_be_removed segment=dead")) << text;
  Program once(EVO_SHM, arguments({"--once", "--grace", "0"}));
  EXPECT_EQ(once.join(&text), 0);
  EXPECT_TRUE(contains(text, "event=segment_removed segment=dead")) << text;
  EXPECT_TRUE(contains(text, "removed=1")) << text;
  EXPECT_EQ(list_segment_names(directory_.domain()).value(), std::vector<std::string>{"live"});
}

TEST_F(Supervise, AClosedSegmentThatIsStillReadIsNothingToWarnOf) {
  auto closed = create();
  const auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
  ASSERT_TRUE(closed && reader) << message_of(closed) << message_of(reader);
  closed = tl::unexpected(Error{});
  std::string text;
  Program once(EVO_SHM, arguments({"--once"}));
  EXPECT_EQ(once.join(&text), 0);
  EXPECT_TRUE(contains(text, "event=pass_done")) << text;
  EXPECT_FALSE(contains(text, "level=warning")) << text;
}

TEST_F(Supervise, WrongUsageIsSaidAndIs2) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--grace", "soon"},
                                                {"--grace", "-1"},
                                                {"--log-format", "xml"},
                                                {"--unknown"},
                                                {"--scan-interval", "0"},
                                                {"--scan-interval", "1ms", "--once"},
                                                {"--grace", "nan", "--once"},
                                                {"--grace", "inf", "--once"},
                                                {"--grace", "0x10", "--once"},
                                                {"--grace", "10 s", "--once"},
                                                {"--scan-interval", "nan", "--once"},
                                                {"--simulation-interval", "nan", "--once"}}) {
    std::string text;
    Program program(EVO_SHM, arguments(wrong));
    EXPECT_EQ(program.join(&text), 2) << text;
    EXPECT_FALSE(text.empty());
  }
  Program nothing(EVO_SHM, {});
  EXPECT_EQ(nothing.join(), 2);
  Program relative(EVO_SHM, {"supervise", "--once", "--domain", "relative"});
  EXPECT_EQ(relative.join(), 1) << "a domain that cannot exist";
}

TEST_F(Supervise, TimesAreWrittenAsEverywhereOrAsSeconds) {
  for (const char* grace : {"3600s", "3600", "3600.5", "3600000ms"}) {
    leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
    std::string text;
    Program once(EVO_SHM, arguments({"--once", "--grace", grace, "--scan-interval", "10ms"}));
    EXPECT_EQ(once.join(&text), 0) << text;
    EXPECT_TRUE(contains(text, "event=segment_waits_for_successor")) << grace << text;
  }
}

TEST_F(Supervise, KeepsTheServiceManagerInformed) {
  const std::string path = directory_.path() / "notify";
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  ::setenv("WATCHDOG_USEC", "20000", 1);
  const auto program = start();
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");
  const auto receive = [&] {
    std::array<char, 256> text{};
    pollfd readable{fd, POLLIN, 0};
    if (::poll(&readable, 1, 60'000) <= 0) return std::string();
    return std::string(text.data(),
                       static_cast<std::size_t>(::recv(fd, text.data(), text.size(), 0)));
  };
  EXPECT_TRUE(receive().starts_with("READY=1\n"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(receive(), "WATCHDOG=1");
  EXPECT_EQ(program->end(), 0);
  std::string last = receive();
  while (last == "WATCHDOG=1") last = receive();
  EXPECT_EQ(last, "STOPPING=1");
  ::close(fd);
}

/// `--exec` with a command that starts its output with HOOK; it appears on stderr.
class SuperviseExec : public Supervise {
 protected:
  /// Reads what the supervisor and its command print until `count` lines come from the command.
  static std::vector<json> await_hook(Program& program, std::size_t count = 1) {
    std::vector<json> lines;
    while (lines.size() < count) {
      const auto line = program.next_line();
      if (!line) break;
      if (line->starts_with("HOOK")) lines.push_back(json::parse(line->substr(4), nullptr, false));
    }
    EXPECT_EQ(lines.size(), count);
    return lines;
  }
  static constexpr const char* kEcho = "sed s/^/HOOK/";
};

TEST_F(SuperviseExec, GetsTheEventAsJson) {
  const auto program = start({"--grace", "3600", "--exec", kEcho});
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
  const json died = await_hook(*program).at(0);
  EXPECT_EQ(died["event"], "writer_died");
  EXPECT_EQ(died["segment"], "probe");
  EXPECT_EQ(died["sequence"], 3);
  EXPECT_EQ(program->end(), 0);
}

TEST_F(SuperviseExec, OfABurstFewRunsGetEveryEvent) {
  constexpr std::size_t kDeaths = 30;
  const auto program = start({"--grace", "3600", "--exec-interval", "1h", "--exec",
                              "echo RUN; cat | grep -o '\"segment\":\"[^\"]*'"});
  for (std::size_t i = 0; i < kDeaths; ++i) {
    leave_orphan(directory_.domain(), raw_channel("probe" + std::to_string(i), 8), 3);
  }
  std::string text;
  for (std::size_t waiting = 0; waiting < kDeaths;) {
    const auto line = program->next_line();
    ASSERT_TRUE(line);
    waiting += contains(*line, "segment_waits_for_successor") ? 1 : 0;
    text += *line + '\n';
  }
  ::kill(program->pid(), SIGTERM);
  std::string rest;
  EXPECT_EQ(program->join(&rest), 0);
  text += rest;
  std::size_t runs = 0;
  std::set<std::string> told;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    runs += line == "RUN" ? 1 : 0;
    if (line.starts_with("\"segment\"")) told.insert(line);
  }
  EXPECT_EQ(runs, 2U) << "at the first event, and at the end";
  EXPECT_EQ(told.size(), kDeaths);
}

TEST_F(SuperviseExec, ChoosesItsEvents) {
  const auto program =
      start({"--exec", kEcho, "--exec-on", "writer_started,writer_closed", "--exec-interval", "0"});
  auto writer = create();
  EXPECT_EQ(await_hook(*program).at(0)["event"], "writer_started");
  writer = tl::unexpected(Error{});
  EXPECT_EQ(await_hook(*program).at(0)["event"], "writer_closed");
}

TEST_F(SuperviseExec, IsKilledAfterItsTimeout) {
  const auto program = start({"--grace", "3600", "--exec", "sleep 1000", "--exec-timeout", "50ms"});
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
  const auto killed = await(*program, "exec_timed_out");
  ASSERT_TRUE(killed);
  EXPECT_EQ(program->end(), 0);
  EXPECT_NE(::kill((*killed)["pid"].get<pid_t>(), 0), 0) << "it was killed and waited for";
}

TEST_F(SuperviseExec, AFailureIsReportedAndRunsNothing) {
  const auto program = start({"--grace", "3600", "--exec", "exit 3", "--exec-interval", "0"});
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
  const auto failed = await(*program, "exec_failed");
  ASSERT_TRUE(failed);
  EXPECT_EQ((*failed)["exit_code"], 3);
  std::string rest;
  ::kill(program->pid(), SIGTERM);
  EXPECT_EQ(program->join(&rest), 0);
  EXPECT_FALSE(contains(rest, "exec_failed")) << rest;
}

TEST_F(SuperviseExec, OnceWaitsForIt) {
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
  Program once(EVO_SHM,
               arguments({"--once", "--exec", kEcho, "--exec-on", "segment_waits_for_successor"}));
  EXPECT_EQ(await_hook(once).at(0)["segment"], "probe");
  EXPECT_EQ(once.join(), 0);
}

TEST_F(SuperviseExec, AWrongEventIsRefused) {
  std::string text;
  EXPECT_EQ(Program(EVO_SHM, arguments({"--exec", "true", "--exec-on", "writer_dead"})).join(&text),
            2);
  EXPECT_TRUE(contains(text, "there is no event 'writer_dead'; did you mean 'writer_died'?"))
      << text;
  EXPECT_EQ(Program(EVO_SHM, arguments({"--exec-on", "writer_died"})).join(&text), 2);
  EXPECT_TRUE(contains(text, "--exec")) << text;
}

}  // namespace
}  // namespace evo::test
