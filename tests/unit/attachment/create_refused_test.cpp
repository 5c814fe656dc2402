// SPDX-License-Identifier: Apache-2.0
/// What create does not use: files of strangers or of a previous boot, impossible sizes.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "attachment/control.hpp"
#include "attachment/create_fixture.hpp"
#include "evo/format.hpp"

namespace evo::test {
namespace {

TEST_F(Create, OfAnImpossibleSizeIsRefusedAndMakesNothing) {
  for (const std::size_t size : {std::size_t{0}, (std::size_t{1} << 30) + 1, ~std::size_t{0}}) {
    EXPECT_EQ(outcome(create(raw_channel("probe", size))), "InvalidSize") << size;
    EXPECT_EQ(outcome(RawStateWriter::create("probe", size, {.domain = directory_.domain()})),
              "InvalidSize");
  }
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Create, RefusesAnOrphanIfAsked) {
  const pid_t dead = leave_orphan(directory_.domain(), channel_, 7);
  const std::uint64_t token = incarnation();
  const auto writer = create(channel_, OnOrphan::Refuse);
  EXPECT_EQ(outcome(writer), "AlreadyExists");
  EXPECT_TRUE(contains(message_of(writer), fmt::format("pid {} (", dead))) << message_of(writer);
  auto reader = attach();
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "7");
  EXPECT_EQ(incarnation(), token) << "nothing was changed";
  EXPECT_EQ(outcome(RawStateWriter::create(
                "fresh", 8, {.domain = directory_.domain(), .on_orphan = OnOrphan::Refuse})),
            "ok")
      << "without an orphan there is nothing to refuse";
}

TEST_F(Create, WhatAnEarlierBootLeftIsForgotten) {
  leave_orphan(directory_.domain(), channel_, 7);
  poke(control(), 16, std::uint64_t{0x1234});
  poke(control(), 192, std::uint32_t{5});  // sleepers from that boot
  const auto stale = attach();
  EXPECT_EQ(outcome(stale), "NotFound");
  EXPECT_TRUE(contains(message_of(stale), "previous boot")) << message_of(stale);
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(writer->current_version(), 0U);
  EXPECT_EQ(peek<std::uint32_t>(control(), 192), 0U);
  EXPECT_EQ(outcome(attach()), "ok");
  EXPECT_EQ(directory_.files().size(), 3U);
}

TEST_F(Create, ForeignFilesInItsPlaceAreRefused) {
  const auto refused = [&](std::string_view expected) {
    EXPECT_EQ(outcome(create(channel_)), expected);
    EXPECT_EQ(outcome(attach()), expected);
    std::filesystem::remove_all(control());
  };
  ASSERT_EQ(::mkfifo(control().c_str(), 0600), 0);
  refused("Corrupt");
  std::filesystem::create_directory(control());
  refused("Corrupt");
  std::filesystem::create_symlink(directory_.path() / "elsewhere", control());
  refused("Corrupt");
  leave_orphan(directory_.domain(), channel_, 1);
  ::chmod(control().c_str(), 0666);
  refused("PermissionDenied");
}

TEST_F(Create, StrangersControlFileIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  leave_orphan(directory_.domain(), channel_, 1);
  ASSERT_EQ(::chown(control().c_str(), 12345, 12345), 0);
  EXPECT_EQ(outcome(create(channel_)), "PermissionDenied");
  EXPECT_EQ(outcome(attach()), "PermissionDenied");
}

TEST_F(Create, StrangersDataFileIsNotTakenOver) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  leave_orphan(directory_.domain(), channel_, 1);
  ASSERT_EQ(::chown(directory_.data_file().c_str(), 12345, 12345), 0);
  EXPECT_EQ(outcome(attach()), "PermissionDenied");
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(writer->current_version(), 0U) << "recreated instead";
}

TEST_F(Create, WhereWeMayNotWriteIsPermissionDenied) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  const ChildResult child = in_child([&]() -> std::string {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) {
      return "setresuid failed";
    }
    return outcome(create(channel_)) + " " + outcome(attach());
  });
  EXPECT_EQ(child.text, "PermissionDenied PermissionDenied");
}

/// Runs `body` as that user, with group 2000 only.
template <class Body>
std::string as_user(uid_t user, Body&& body) {
  return in_child([&]() -> std::string {
           if (::setgroups(0, nullptr) != 0 || ::setresgid(2000, 2000, 2000) != 0 ||
               ::setresuid(user, user, user) != 0) {
             return "setresuid failed";
           }
           return body();
         })
      .text;
}

uid_t owner_of(const std::filesystem::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_uid : ~0U;
}

TEST_F(Create, OtherUserOfTheGroupLeavesTheSegmentAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become two others";
  ASSERT_EQ(::chmod(directory_.path().c_str(), 01777), 0);
  ASSERT_EQ(::chown(directory_.path().c_str(), 1009, 2000), 0);
  channel_.access = Access::Group;
  const auto write_and_die = [&](std::uint64_t value, OnOrphan on_orphan) -> std::string {
    auto writer = create(channel_, on_orphan);
    if (!writer) return outcome(writer) + " " + writer.error().message;
    writer->write(bytes_of(value));
    die();
  };
  const auto read_as = [&](uid_t user) {
    return as_user(user, [&] {
      auto reader = attach();
      return reader ? read_number(*reader) : message_of(reader);
    });
  };
  EXPECT_EQ(as_user(1001, [&] { return write_and_die(7, OnOrphan::TakeOver); }), "");
  // User 1002 can neither write nor remove the data file. Readers that run as other users would
  // refuse a data file of its own, because every member of the group can make the control file name
  // it.
  for (const OnOrphan on_orphan : {OnOrphan::TakeOver, OnOrphan::Replace}) {
    const std::string said = as_user(1002, [&] { return write_and_die(8, on_orphan); });
    EXPECT_TRUE(said.starts_with("PermissionDenied segment 'probe' belongs to user 1001")) << said;
  }
  EXPECT_EQ(read_as(1002), "7");
  // Readers trust the owner of the directory. The owner does not use the control file of another
  // user, who could make it name another data file, but recreates the segment.
  EXPECT_EQ(as_user(1009, [&] { return write_and_die(9, OnOrphan::TakeOver); }), "");
  EXPECT_EQ(owner_of(control()), 1009U);
  EXPECT_EQ(owner_of(directory_.data_file()), 1009U);
  EXPECT_EQ(read_as(1002), "9");
  EXPECT_EQ(as_user(1001, [&] { return write_and_die(10, OnOrphan::Replace); }).substr(0, 16),
            "PermissionDenied");
  EXPECT_EQ(read_as(1002), "9");
}

TEST_F(Create, ReportsAWiderControlFileOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  ASSERT_EQ(::chown(directory_.path().c_str(), 1001, 1001), 0);
  channel_.access = Access::Group;
  as_user(1001, [&]() -> std::string {
    leave_orphan(directory_.domain(), channel_, 7);
    return "";
  });
  channel_.access = Access::Owner;
  const auto writer = create(channel_);
  EXPECT_EQ(outcome(writer), "PermissionDenied");
  EXPECT_TRUE(contains(message_of(writer), "mode 0660")) << message_of(writer);
}

TEST_F(Create, DiscardsNothingIfAFileCannotBeRemoved) {
  channel_.access = Access::Group;
  leave_orphan(directory_.domain(), channel_, 7);
  const auto meta = directory_.path() / "evo_probe.meta";
  std::filesystem::remove(meta);
  std::filesystem::create_directory(meta);
  channel_.access = Access::Owner;
  const auto writer = create(channel_);
  EXPECT_EQ(outcome(writer), "PermissionDenied");
  EXPECT_TRUE(contains(message_of(writer), "nothing was done")) << message_of(writer);
  EXPECT_EQ(read_number(attach().value()), "7");
}

TEST_F(Create, NeedsToRemoveWhatAnEarlierWriterLeft) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become two others";
  ASSERT_EQ(::chmod(directory_.path().c_str(), 01777), 0);
  EXPECT_EQ(as_user(1001,
                    [&]() -> std::string {
                      leave_orphan(directory_.domain(), channel_, 7);
                      auto left = detail::open_control(directory_.domain(), "probe", Access::Owner);
                      if (!left) return message_of(left);
                      // As left behind by a writer that died while it replaced the data file.
                      auto& name = (*left)->data_files[1U - ((*left)->current & 1U)];
                      detail::store_text(name.module.data(), name.module.size(), "tester");
                      name.pid = 4'000'000'000U;
                      return "left";
                    }),
            "left");
  const auto strange = directory_.path() / "evo_tester_probe_4000000000";
  as_user(1002, [&]() -> std::string {
    std::ofstream(strange) << "x";
    return "";
  });
  const std::string said = as_user(1001, [&] {
    const auto writer = create(channel_, OnOrphan::Replace);
    return outcome(writer) + message_of(writer) + read_number(attach().value());
  });
  EXPECT_TRUE(said.starts_with("PermissionDenied")) << said;
  EXPECT_TRUE(contains(said, strange.string())) << said;
  EXPECT_TRUE(said.ends_with("7")) << said;
}

}  // namespace
}  // namespace evo::test
