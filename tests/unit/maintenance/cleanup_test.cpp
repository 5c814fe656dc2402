// SPDX-License-Identifier: Apache-2.0
/// What is removed after a writer has died, and above all what is not.
#include "evo/cleanup.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <thread>

#include "attachment/teardown.hpp"
#include "evo/segment_info.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "system/directory_watch.hpp"
#include "system/kernel_lock.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

class Cleanup : public testing::Test {
 protected:
  [[nodiscard]] std::string clean(std::chrono::nanoseconds grace = 0ns,
                                  bool dry_run = false) const {
    const auto report =
        cleanup_orphaned_segments(directory_.domain(), {.grace = grace, .dry_run = dry_run});
    if (!report) return outcome(report);
    std::string said;
    for (const CleanupItem& item : report->items) {
      said += fmt::format("{}{} {}", said.empty() ? "" : ", ", item.name, to_string(item.action));
    }
    return said;
  }
  [[nodiscard]] Result<RawStateReader> attach() const {
    return RawStateReader::attach("probe", {.domain = directory_.domain()});
  }
  [[nodiscard]] Result<RawStateWriter> create() const {
    return RawStateWriter::create(channel_, {.domain = directory_.domain()});
  }
  [[nodiscard]] std::filesystem::path control() const {
    return directory_.path() / "evo_probe.ctl";
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 8);
};

TEST_F(Cleanup, OfAnEmptyOrMissingDomainDoesNothing) {
  EXPECT_EQ(clean(), "");
  EXPECT_TRUE(cleanup_orphaned_segments(Domain(directory_.path() / "none")).value().items.empty());
}

TEST_F(Cleanup, NeverTouchesALiveWriter) {
  auto writer = create();
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(clean(), "");
  EXPECT_EQ(directory_.files().size(), 3U);
  EXPECT_EQ(outcome(writer->write(bytes_of(std::uint64_t{1}))), "ok");
}

TEST_F(Cleanup, NeverTouchesAStoppedWriter) {
  const Pipe ready;
  Child writer([&]() -> std::string {
    const auto own = create();
    ready.write("x");
    ::raise(SIGSTOP);
    return outcome(own);
  });
  ASSERT_TRUE(ready.await_byte());
  int status = 0;
  ASSERT_EQ(::waitpid(writer.pid(), &status, WUNTRACED), writer.pid());
  EXPECT_EQ(clean(), "");
  EXPECT_EQ(directory_.files().size(), 3U);
  ::kill(writer.pid(), SIGCONT);
  EXPECT_EQ(writer.join().text, "ok");
}

TEST_F(Cleanup, RemovesAnOrphanAfterItsGraceOnly) {
  const pid_t pid = leave_orphan(directory_.domain(), channel_, 1);
  auto report = cleanup_orphaned_segments(directory_.domain(), {.grace = 1h}).value();
  ASSERT_EQ(report.items.size(), 1U);
  EXPECT_EQ(to_string(report.items[0].action), "Waiting");
  EXPECT_TRUE(report.items[0].found_dead);
  EXPECT_EQ(report.items[0].left, 1h);
  EXPECT_EQ(report.items[0].writer_pid, static_cast<std::uint32_t>(pid));
  EXPECT_EQ(report.removed(), 0U);
  report = cleanup_orphaned_segments(directory_.domain(), {.grace = 1h}).value();
  EXPECT_FALSE(report.items.at(0).found_dead) << "only the first pass found it";
  EXPECT_LT(report.items.at(0).left, 1h);
  EXPECT_EQ(directory_.files().size(), 3U);
  // An hour passes.
  const auto found = peek<std::uint64_t>(control(), 176);
  poke(control(), 176, found > 3'600'000'000'000U ? found - 3'600'000'000'000U : 1);
  report = cleanup_orphaned_segments(directory_.domain(), {.grace = 1h}).value();
  if (found > 3'600'000'000'000U) {
    EXPECT_EQ(report.removed(), 1U);
    EXPECT_TRUE(directory_.files().empty());
  }
  EXPECT_LE(cleanup_orphaned_segments(directory_.domain()).value().items.size(), 1U);
}

TEST_F(Cleanup, SuccessorStartsTheGraceAnew) {
  leave_orphan(directory_.domain(), channel_, 1);
  EXPECT_EQ(clean(1h), "probe Waiting");
  EXPECT_NE(peek<std::uint64_t>(control(), 176), 0U);
  leave_orphan(directory_.domain(), channel_, 1);
  EXPECT_EQ(peek<std::uint64_t>(control(), 176), 0U);
}

TEST_F(Cleanup, DryRunOnlySays) {
  leave_orphan(directory_.domain(), channel_, 1);
  const auto before = read_bytes(control());
  EXPECT_EQ(clean(0ns, true), "probe WouldRemove");
  EXPECT_EQ(clean(1h, true), "probe Waiting");
  EXPECT_EQ(read_bytes(control()), before) << "it leaves no mark either";
  EXPECT_EQ(clean(), "probe Removed");
  EXPECT_EQ(clean(), "");
}

TEST_F(Cleanup, AttachedReaderKeepsItsValueAndLearns) {
  leave_orphan(directory_.domain(), channel_, 7);
  std::optional<RawStateReader> reader = std::move(attach().value());
  EXPECT_EQ(clean(), "probe Removed");
  EXPECT_EQ(directory_.files(), std::vector<std::string>{"evo_probe.ctl"});
  EXPECT_EQ(to_string(reader->writer_state()), "Dead") << "it did not close normally";
  EXPECT_EQ(read_number(*reader), "7");
  EXPECT_EQ(outcome(attach()), "NotFound");
  EXPECT_EQ(clean(), "probe StillRead") << "the control file, which the reader uses";
  reader.reset();
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Cleanup, SleepersLearnOfDeathAndRemovalAtOnce) {
  leave_orphan(directory_.domain(), channel_, 7);
  auto reader = attach();
  read_number(*reader);
  const auto sleep_until = [&](auto action) {
    std::thread sleeper([&] { EXPECT_FALSE(reader->wait_for_change(1h)); });
    while (peek<std::uint32_t>(control(), 192) == 0) std::this_thread::yield();
    action();
    sleeper.join();
  };
  sleep_until([&] { EXPECT_EQ(clean(1h), "probe Waiting"); });
  EXPECT_EQ(to_string(reader->writer_state()), "Dead");
  sleep_until([&] { EXPECT_EQ(clean(), "probe Removed"); });
  EXPECT_EQ(to_string(reader->writer_state()), "Dead");
}

TEST_F(Cleanup, WhatAnEarlierBootLeftGoesAtOnce) {
  leave_orphan(directory_.domain(), channel_, 1);
  poke(control(), 16, std::uint64_t{0x1234});
  EXPECT_EQ(clean(1h), "probe Removed");
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Cleanup, WhatADeadCreatorLeftGoesAtOnce) {
  {
    const auto half = detail::lock_control(directory_.domain(), channel_);
    ASSERT_TRUE(half) << message_of(half);
    EXPECT_EQ(clean(1h), "") << "it is alive";
  }
  EXPECT_EQ(directory_.files().size(), 1U);
  EXPECT_EQ(clean(1h), "probe Removed");
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Cleanup, OneSegmentAlone) {
  leave_orphan(directory_.domain(), channel_, 1);
  leave_orphan(directory_.domain(), raw_channel("other", 8), 1);
  const auto report = cleanup_orphaned_segment(directory_.domain(), "probe", {.grace = 0ns});
  ASSERT_TRUE(report) << message_of(report);
  EXPECT_EQ(report->removed(), 1U);
  EXPECT_EQ(list_segment_names(directory_.domain()).value(), std::vector<std::string>{"other"});
  EXPECT_EQ(outcome(cleanup_orphaned_segment(directory_.domain(), "probe")), "NotFound");
  EXPECT_EQ(outcome(cleanup_orphaned_segment(directory_.domain(), "No!")), "InvalidName");
}

TEST_F(Cleanup, StrangersSegmentIsReportedAndLeftAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another";
  ASSERT_EQ(::chmod(directory_.path().c_str(), 01777), 0);
  channel_.access = Access::Group;
  leave_orphan(directory_.domain(), channel_, 1);
  for (const char* file : {"evo_probe.ctl", "evo_probe.meta"}) {
    ASSERT_EQ(::chown((directory_.path() / file).c_str(), 0, 2000), 0);
  }
  ASSERT_EQ(::chown(directory_.data_file().c_str(), 0, 2000), 0);
  const auto files = directory_.files();
  const auto as = [&](gid_t group) {
    return in_child([&]() -> std::string {
             if (::setresgid(group, group, group) != 0 || ::setresuid(1001, 1001, 1001) != 0) {
               return "setresuid failed";
             }
             return clean();
           })
        .text;
  };
  EXPECT_EQ(as(2000), "probe LeftAlone") << "may lock it, but not remove it";
  EXPECT_EQ(as(2001), "probe LeftAlone") << "may not open it";
  EXPECT_EQ(directory_.files(), files);
  EXPECT_EQ(read_number(attach().value()), "1");
}

TEST_F(Cleanup, ForeignFileIsReportedAndLeftAlone) {
  std::ofstream(control()) << "not a control file";
  EXPECT_EQ(clean(), "probe LeftAlone");
  EXPECT_EQ(directory_.files().size(), 1U);
}

TEST_F(Cleanup, CreatorWaitsForACleanerInsteadOfTakingItForAWriter) {
  leave_orphan(directory_.domain(), channel_, 7);
  auto control = detail::open_control(directory_.domain(), "probe", Access::Owner);
  ASSERT_TRUE(control) << message_of(control);
  std::optional<detail::CleanupLock> hold = detail::CleanupLock::take(*control);
  ASSERT_TRUE(hold);
  const auto refused = create();
  EXPECT_EQ(outcome(refused), "SegmentBusy");
  EXPECT_TRUE(contains(message_of(refused), "cleaning it up")) << message_of(refused);
  EXPECT_EQ(clean(), "") << "a second cleaner leaves it to the first";
  hold.reset();
  EXPECT_EQ(outcome(create()), "ok");
}

TEST_F(Cleanup, CleanerThatHoldsTheLockIsNotTakenForAWriter) {
  leave_orphan(directory_.domain(), channel_, 7);
  const auto reader = attach();
  ASSERT_TRUE(reader) << message_of(reader);
  ASSERT_EQ(clean(1h), "probe Waiting");
  auto control = detail::open_control(directory_.domain(), "probe", Access::Owner);
  ASSERT_TRUE(control) << message_of(control);
  const auto hold = detail::CleanupLock::take(*control);
  ASSERT_TRUE(hold);
  EXPECT_EQ(to_string(reader->writer_state()), "Dead");
  EXPECT_EQ(to_string(inspect_segment(directory_.domain(), "probe")->writer_state), "Dead");
}

TEST_F(Cleanup, OfLiveSegmentsWakesNobody) {
  const auto writer = create();
  detail::DirectoryWatch watch(directory_.domain(), detail::Watched::NamesAndUse);
  EXPECT_EQ(clean(), "");
  std::string seen;
  static_cast<void>(watch.take([&](std::string_view file) { seen += file; }));
  EXPECT_EQ(seen, "")
      << "otherwise a process that cleans up on each change would never come to rest";
}

TEST_F(Cleanup, SleeperThatDiedCostsTheWriterOneCall) {
  auto writer = create();
  const auto waiters = [&] { return peek<std::uint64_t>(control(), 192); };
  Child sleeper([&]() -> std::string {
    auto reader = attach();
    reader->wait_for_change(1h);
    return "";
  });
  while (waiters() == 0) std::this_thread::yield();
  sleeper.kill();
  EXPECT_EQ(waiters(), 1U);
  EXPECT_EQ(clean(), "");
  writer->write(bytes_of(std::uint64_t{1}));
  EXPECT_EQ(waiters(), 0U);
}

TEST_F(Cleanup, WhatCannotBeRemovedIsSaidAndKept) {
  channel_.access = Access::Group;
  leave_orphan(directory_.domain(), channel_, 3);
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  const auto clean_as_one_of_the_group = [&]() -> std::string {
    return in_child([&] {
             if (::geteuid() == 0 && ::seteuid(65534) != 0) return std::string("no other user");
             return clean();
           })
        .text;
  };
  if (::geteuid() == 0) {
    EXPECT_EQ(clean_as_one_of_the_group(), "probe LeftAlone") << "it may not write the directory";
  }
  EXPECT_EQ(read_number(attach().value()), "3");
  const auto data = directory_.data_file();
  std::filesystem::remove(data);
  std::filesystem::create_directory(data);
  const auto report = cleanup_orphaned_segments(directory_.domain(), {.grace = 0ns});
  ASSERT_TRUE(report) << message_of(report);
  ASSERT_EQ(report->items.size(), 1U);
  EXPECT_TRUE(report->items[0].reason.ends_with("remove it by hand")) << report->items[0].reason;
  EXPECT_TRUE(std::filesystem::exists(control()));
  std::filesystem::remove(data);
  std::filesystem::remove(control());
  leave_orphan(directory_.domain(), channel_, 3);
  const std::string unclaimed = directory_.data_file().filename();
  std::filesystem::remove(control());
  if (::geteuid() == 0) {
    EXPECT_EQ(clean_as_one_of_the_group(), unclaimed + " LeftAlone");
  }
}

TEST_F(Cleanup, DataFileThatNoControlFileNamesGoesOnceItsWriterIsDead) {
  leave_orphan(directory_.domain(), channel_, 3);
  const std::string name = directory_.data_file().filename();
  std::filesystem::remove(control());
  std::filesystem::remove(directory_.path() / "evo_probe.meta");
  EXPECT_EQ(clean(1h, true), name + " WouldRemove");
  EXPECT_EQ(directory_.files().size(), 1U);
  EXPECT_EQ(clean(1h), name + " Removed")
      << "no writer can take it over, so there is no grace period";
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Cleanup, DataFileOfALiveWriterStaysAlthoughNoControlFileNamesIt) {
  const auto writer = create();
  std::filesystem::remove(control());
  EXPECT_EQ(clean(), "");
  // Under a PID that no process has: the lock shows that the writer is alive.
  const auto renamed = directory_.path() / "evo_tester_probe_4194305";
  std::filesystem::rename(directory_.data_file(), renamed);
  EXPECT_EQ(clean(), "");
  EXPECT_TRUE(std::filesystem::exists(renamed));
}

TEST_F(Cleanup, UnclaimedFileWithoutALockStaysWhileItsProcessLives) {
  // As left behind by a release with other locks: only the PID in its name identifies the writer.
  leave_orphan(directory_.domain(), channel_, 1);
  std::filesystem::remove(control());
  const std::string name = (directory_.path() / "evo_tester_probe_").string();
  const std::string of_this_process = name + std::to_string(::getpid());
  std::filesystem::rename(directory_.data_file(), of_this_process);
  EXPECT_EQ(clean(), "");
  ASSERT_TRUE(std::filesystem::exists(of_this_process));
  std::filesystem::rename(of_this_process, name + "0");
  EXPECT_EQ(clean(), "") << "no process has this PID";
  const auto strange = directory_.path() / "evo_single_4194305";
  std::filesystem::rename(name + "0", strange);
  EXPECT_EQ(clean(), "") << "no data file has such a name";
  std::filesystem::rename(strange, of_this_process);
  std::filesystem::rename(of_this_process, name + "4194305");  // a PID that no process has
  EXPECT_EQ(clean(), "evo_tester_probe_4194305 Removed");
  EXPECT_FALSE(std::filesystem::exists(name + "4194305"));
}

TEST_F(Cleanup, WhatCannotBeLookedAtIsNotTakenForGone) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give its rights up";
  // A module that created its segment as root in root's domain, and closes it as another user.
  const ChildResult module = in_child([&]() -> std::string {
    const auto writer = create();
    if (::setresuid(65534, 65534, 65534) != 0) return "no other user";
    return outcome(writer);
  });
  EXPECT_EQ(module.text, "ok");
  const ChildResult closed = in_child([&]() -> std::string {
    {
      const auto writer = create();
      if (::setresuid(65534, 65534, 65534) != 0) return "no other user";
    }
    return "closed";
  });
  EXPECT_EQ(closed.text, "closed");
  EXPECT_EQ(directory_.files().size(), 3U) << "at most one incarnation left files behind";
  EXPECT_EQ(clean(), "probe Removed");
  EXPECT_TRUE(directory_.files().empty());
}

}  // namespace
}  // namespace evo::test
