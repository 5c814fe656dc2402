// SPDX-License-Identifier: Apache-2.0
/// evo-shm supervise reports exactly once, and correctly, how a writer ended, even if it checks
/// late.
#include <sys/epoll.h>
#include <sys/wait.h>

#include "evo/cleanup.hpp"
#include "supervisor/process_watch.hpp"
#include "supervisor_fixture.hpp"

namespace evo::test {
namespace {

class SuperviseEnd : public Supervise {
 protected:
  void SetUp() override {
    program_ = start({"--grace", "1h"});
    first_ = start_writer();
    pid_ = first_->pid();
    ASSERT_TRUE(await(*program_, "writer_started", "probe"));
  }
  /// The supervisor is stopped and notices nothing until resume().
  void stop() const {
    ::kill(program_->pid(), SIGSTOP);
    int status = 0;
    ::waitpid(program_->pid(), &status, WUNTRACED);
  }
  void resume() const { ::kill(program_->pid(), SIGCONT); }

  /// The events about writers, up to that of a segment that is created now.
  std::vector<std::string> writers_until_last() {
    const auto last = create("zz_last");  // events found together are ordered by name
    std::vector<std::string> events;
    while (const auto line = program_->next_line()) {
      const json event = json::parse(*line);
      const std::string name = event["event"];
      if (event.value("segment", "") == "zz_last" && name == "writer_started") break;
      if (!name.starts_with("writer_") || event["segment"] != "probe") continue;
      std::string text = name + (event["pid"] == pid_ ? " first" : " second");
      if (event.contains("takeover")) text += event["takeover"] ? " takeover" : " new";
      events.push_back(text);
    }
    return events;
  }

  std::unique_ptr<Program> program_;
  std::unique_ptr<Child> first_;
  pid_t pid_ = 0;
};

using Events = std::vector<std::string>;

TEST_F(SuperviseEnd, OfAWriterThatWasTakenOver) {
  stop();
  first_->kill();
  const auto second = start_writer();
  resume();
  EXPECT_EQ(writers_until_last(), (Events{"writer_died first", "writer_started second takeover"}));
}

TEST_F(SuperviseEnd, OfAWriterWhoseSegmentWasRecreated) {
  stop();
  first_->kill();
  const auto second = start_writer("probe", 16);
  resume();
  EXPECT_EQ(writers_until_last(), (Events{"writer_died first", "writer_started second takeover"}));
}

TEST_F(SuperviseEnd, OfAWriterThatWasCleanedUp) {
  stop();
  first_->kill();
  ASSERT_EQ(cleanup_orphaned_segments(directory_.domain(), {.grace = {}})->removed(), 1U);
  resume();
  EXPECT_EQ(writers_until_last(), Events{"writer_died first"});
}

TEST_F(SuperviseEnd, OfAWriterThatWasCleanedUpAndHasASuccessor) {
  stop();
  first_->kill();
  ASSERT_EQ(cleanup_orphaned_segments(directory_.domain(), {.grace = {}})->removed(), 1U);
  const auto second = start_writer();
  resume();
  EXPECT_EQ(writers_until_last(), (Events{"writer_died first", "writer_started second takeover"}));
}

TEST_F(SuperviseEnd, OfAWriterThatReadersMiss) {
  const auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
  ASSERT_TRUE(await(*program_, "reader_attached", "probe"));
  stop();
  first_->kill();
  ASSERT_EQ(cleanup_orphaned_segments(directory_.domain(), {.grace = {}})->removed(), 1U);
  const auto second = start_writer();
  resume();
  EXPECT_EQ(writers_until_last(), (Events{"writer_died first", "writer_started second takeover"}));
}

/// Writers in this process: they can close.
class SuperviseClose : public SuperviseEnd {
 protected:
  void SetUp() override {
    program_ = start({"--grace", "1h"});
    own_.emplace(create().value());
    pid_ = ::getpid();
    ASSERT_TRUE(await(*program_, "writer_started", "probe"));
  }
  std::optional<RawStateWriter> own_;
};

TEST_F(SuperviseClose, OfAWriterThatClosed) {
  stop();
  own_.reset();
  resume();
  EXPECT_EQ(writers_until_last(), Events{"writer_closed first"});
}

TEST_F(SuperviseClose, OfAWriterThatClosedAndHasASuccessor) {
  stop();
  own_.reset();
  const auto second = start_writer();
  resume();
  EXPECT_EQ(writers_until_last(), (Events{"writer_closed first", "writer_started second new"}));
}

TEST_F(SuperviseClose, OfAWriterThatClosedBeforeItsReaders) {
  const auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
  ASSERT_TRUE(await(*program_, "reader_attached", "probe"));
  stop();
  own_.reset();
  const auto second = start_writer();
  resume();
  EXPECT_EQ(writers_until_last(), (Events{"writer_closed first", "writer_started second new"}));
}

TEST_F(SuperviseClose, OfAWriterWhoseFileLostItsNameNothing) {
  stop();
  std::filesystem::remove(directory_.path() / "evo_probe.ctl");
  resume();
  EXPECT_EQ(writers_until_last(), Events{});
}

TEST_F(SuperviseEnd, OfAnUnreadableSegmentIsNotReported) {
  // With more access than a control file may grant.
  const auto file = directory_.path() / "evo_probe.ctl";
  std::filesystem::permissions(file, std::filesystem::perms(0666));
  EXPECT_EQ(writers_until_last(), Events{});
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  EXPECT_EQ(writers_until_last(), Events{}) << "it is the same writer";
  first_->kill();
  const auto died = await(*program_, "writer_died", "probe");
  ASSERT_TRUE(died);
  EXPECT_EQ((*died)["pid"], pid_);
}

/// Waits for one reported end; returns the segments of that process.
std::vector<std::string> take_ends(tools::ProcessWatch& watch, int epoll, int milliseconds) {
  epoll_event event{};
  if (::epoll_wait(epoll, &event, 1, milliseconds) <= 0) return {};
  return watch.take_end(event.data.u64);
}

TEST(ProcessWatch, AZombieIsNotReportedAgainAndAgain) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  {
    tools::ProcessWatch watch(epoll);
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT);
    watch.watch("probe", {static_cast<std::uint32_t>(pid)});
    EXPECT_EQ(watch.incomplete(), 0U);
    EXPECT_EQ(take_ends(watch, epoll, 0), std::vector<std::string>{});
    ::waitpid(pid, nullptr, 0);
  }
  ::close(epoll);
}

TEST(ProcessWatch, AnEndIsReportedForEachSegmentAndOnce) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  {
    tools::ProcessWatch watch(epoll);
    Child child([]() -> std::string {
      ::pause();
      return {};
    });
    const auto pid = static_cast<std::uint32_t>(child.pid());
    watch.watch("one", {pid});
    watch.watch("two", {pid});
    watch.watch("one", {});
    watch.watch("three", {pid});
    child.kill();
    EXPECT_EQ(take_ends(watch, epoll, 60'000), (std::vector<std::string>{"three", "two"}));
    // Its PID may belong to another process by now.
    watch.watch("two", {static_cast<std::uint32_t>(::getpid())});
    EXPECT_EQ(take_ends(watch, epoll, 0), std::vector<std::string>{});
  }
  ::close(epoll);
}

}  // namespace
}  // namespace evo::test
