// SPDX-License-Identifier: Apache-2.0
/// Creating and closing segments: the files, their readers, a second writer, the fencing token.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "attachment/control.hpp"
#include "attachment/create_fixture.hpp"
#include "evo/format.hpp"
#include "segment_holder.hpp"
#include "system/process_identity.hpp"

namespace evo::test {
namespace {

TEST_F(Create, MakesThreeFilesForTheirOwnerAlone) {
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  const std::string data = fmt::format("evo_tester_probe_{}", ::getpid());
  EXPECT_EQ(directory_.files(),
            (std::vector<std::string>{"evo_probe.ctl", "evo_probe.meta", data}));
  for (const std::string& file : directory_.files()) {
    EXPECT_EQ(mode_of(directory_.path() / file), 0600U) << file;
  }
}

TEST_F(Create, WithGroupAccessOpensThemToTheGroup) {
  channel_.access = Access::Group;
  const mode_t old = ::umask(0077);
  auto writer = create(channel_);
  ::umask(old);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(mode_of(control()), 0660U) << "readers lock it and register in it";
  EXPECT_EQ(mode_of(directory_.data_file()), 0640U);
  EXPECT_EQ(mode_of(directory_.path() / "evo_probe.meta"), 0640U);
  EXPECT_EQ(outcome(RawStateReader::attach(channel_, {.domain = directory_.domain()})), "ok");
  EXPECT_EQ(outcome(attach()), "ok");
}

TEST_F(Create, CloseRemovesThemAll) {
  {
    auto writer = create(channel_);
    ASSERT_TRUE(writer) << message_of(writer);
  }
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Create, ControlFileStaysUntilTheLastReaderLeaves) {
  std::optional<RawStateReader> first;
  std::optional<RawStateReader> second;
  {
    auto writer = create(channel_);
    ASSERT_TRUE(writer) << message_of(writer);
    first.emplace(std::move(attach().value()));
    second.emplace(std::move(attach().value()));
  }
  EXPECT_EQ(directory_.files(), std::vector<std::string>{"evo_probe.ctl"});
  EXPECT_EQ(outcome(attach()), "NotFound");
  EXPECT_EQ(directory_.files().size(), 1U) << "a reader that finds nothing removes nothing";
  first.reset();
  EXPECT_EQ(directory_.files().size(), 1U);
  second.reset();
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Create, ReaderThatLeavesAnOrphanLeavesItsFiles) {
  leave_orphan(directory_.domain(), channel_, 1);
  { const auto reader = attach(); }
  EXPECT_EQ(directory_.files().size(), 3U);
}

TEST_F(Create, WhileAReaderOfTheClosedSegmentIsThereDetachesIt) {
  std::optional<RawStateReader> reader;
  {
    auto writer = create(channel_);
    ASSERT_TRUE(writer) << message_of(writer);
    writer->write(bytes_of(std::uint64_t{1}));
    reader.emplace(std::move(attach().value()));
  }
  EXPECT_EQ(read_number(*reader), "1");
  const ino_t inode = inode_of(control());
  const std::uint64_t token = incarnation();
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_GT(writer->incarnation(), token) << "in the same control file, the token grows";
  EXPECT_EQ(inode_of(control()), inode);
  EXPECT_EQ(read_number(*reader), "Detached");
  auto again = attach();
  ASSERT_TRUE(again) << message_of(again);
  writer->write(bytes_of(std::uint64_t{2}));
  EXPECT_EQ(read_number(*again), "2");
  reader.reset();
  EXPECT_EQ(directory_.files().size(), 3U) << "the old reader removes nothing of the new segment";
}

TEST_F(Create, SecondIsBusyAndNamesTheHolder) {
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  const auto before = directory_.files();
  const auto second = create(channel_);
  EXPECT_EQ(outcome(second), "SegmentBusy");
  const std::string executable = detail::executable_path();
  EXPECT_TRUE(contains(message_of(second), fmt::format("pid {} (", ::getpid())))
      << message_of(second);
  EXPECT_TRUE(contains(
      message_of(second),
      executable.substr(executable.size() - std::min<std::size_t>(executable.size(), 176))))
      << message_of(second);
  EXPECT_EQ(directory_.files(), before);
  EXPECT_EQ(outcome(writer->write(bytes_of(std::uint64_t{1}))), "ok");
  for (const OnOrphan on_orphan : {OnOrphan::Replace, OnOrphan::Refuse}) {
    EXPECT_EQ(outcome(create(channel_, on_orphan)), "SegmentBusy") << "it is not an orphan";
  }
}

TEST_F(Create, BusyNamesAnotherProgramToo) {
  SegmentHolder holder(directory_.domain(), "probe");
  ASSERT_EQ(holder.first_line(), "ready");
  const auto second = create(channel_);
  EXPECT_EQ(outcome(second), "SegmentBusy");
  EXPECT_TRUE(contains(message_of(second), fmt::format("pid {} (", holder.pid())))
      << message_of(second);
  EXPECT_TRUE(contains(message_of(second), "/segment_holder)")) << message_of(second);
  auto reader = attach();
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "1");
  holder.close();
  EXPECT_EQ(to_string(reader->writer_state()), "Closed");
  EXPECT_EQ(outcome(create(channel_)), "ok");
}

TEST_F(Create, ChildOfAnExecutedProgramHoldsNothing) {
  // O_CLOEXEC: a program that a writer starts does not keep the segment alive.
  const Pipe input;
  Child writer([&]() -> std::string {
    auto own = create(channel_);
    if (!own) return message_of(own);
    const pid_t sleeper = ::fork();
    if (sleeper == 0) {
      ::dup2(input.reading(), STDIN_FILENO);
      ::execl("/bin/cat", "cat", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    die();
  });
  writer.join();
  EXPECT_EQ(outcome(create(channel_)), "ok");
}

TEST(NextIncarnation, IsBeyondEveryNumberThatAClockCanHaveGiven) {
  const std::uint64_t now_us = detail::realtime_ns() / 1000;
  EXPECT_GE(detail::next_incarnation({0}), now_us);
  const std::uint64_t ahead = now_us + 1'000'000'000;
  EXPECT_EQ(detail::next_incarnation({ahead}), ahead + 1);
  EXPECT_EQ(detail::next_incarnation({0, ahead, 7}), ahead + 1);
  constexpr std::uint64_t kDamaged = std::uint64_t{1} << 62;
  for (const std::uint64_t damaged : {kDamaged - 1, kDamaged, ~std::uint64_t{0}}) {
    EXPECT_EQ(detail::next_incarnation({damaged, ahead}), ahead + 1) << damaged;
  }
}

TEST_F(Create, TokenGrowsForEver) {
  std::uint64_t last = 0;
  const auto expect_growth = [&](const char* since) {
    auto writer = create(channel_);
    ASSERT_TRUE(writer) << message_of(writer);
    EXPECT_GT(writer->incarnation(), last) << since;
    last = writer->incarnation();
  };
  for (int i = 0; i < 20; ++i) expect_growth("a clean close");
  leave_orphan(directory_.domain(), channel_, 1);
  last = incarnation();
  expect_growth("a takeover");
  leave_orphan(directory_.domain(), channel_, 1);
  last = incarnation();
  std::filesystem::remove(control());
  expect_growth("the control file was removed");
  leave_orphan(directory_.domain(), channel_, 1);
  last = incarnation();
  poke(control(), 16, std::array<std::uint8_t, 16>{1});
  expect_growth("a reboot");
  leave_orphan(directory_.domain(), channel_, 1);
  last = incarnation() + 1'000'000'000;
  poke(control(), 128, last);
  expect_growth("the clock was set back by some minutes");
}

TEST_F(Create, DamagedTokenIsNotGoneOnWith) {
  leave_orphan(directory_.domain(), channel_, 1);
  poke(control(), 128, ~std::uint64_t{0});
  const auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_LE(writer->incarnation(), detail::realtime_ns() / 1000);
}

TEST_F(Create, WorksWithoutProc) {
  const ChildResult child = in_child([&]() -> std::string {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::umount2("/proc", MNT_DETACH) != 0) {
      return "skip";
    }
    auto writer = create(channel_);
    if (!writer) return message_of(writer);
    writer->write(bytes_of(std::uint64_t{3}));
    auto reader = attach();
    if (!reader) return message_of(reader);
    return read_number(*reader) + " " + std::to_string(directory_.files().size());
  });
  if (child.text == "skip") GTEST_SKIP() << "only root can take /proc away";
  EXPECT_EQ(child.text, "3 3");
}

}  // namespace
}  // namespace evo::test
