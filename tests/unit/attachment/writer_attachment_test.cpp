/// Creating, taking over and closing segments: what happens to the files and to readers.
#include "attachment/writer_attachment.hpp"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <probe.evo.hpp>
#include <thread>

#include "evo/stream_segment_reader.hpp"
#include "evo/stream_segment_writer.hpp"
#include "file_bytes.hpp"
#include "segment_holder.hpp"
#include "segments.hpp"
#include "system/kernel_lock.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

class Create : public testing::Test {
 protected:
  Result<SegmentWriter> create(const ChannelDescription& channel,
                               OnOrphan on_orphan = OnOrphan::TakeOver) const {
    return SegmentWriter::create(channel, {.domain = directory_.domain(), .on_orphan = on_orphan});
  }
  /// The fencing token of the last writer.
  [[nodiscard]] std::uint64_t incarnation() const { return peek<std::uint64_t>(control(), 128); }
  [[nodiscard]] Result<SegmentReader> attach(std::string_view name = "probe") const {
    return SegmentReader::attach(name, {.domain = directory_.domain()});
  }
  [[nodiscard]] std::filesystem::path control() const {
    return directory_.path() / "evo_probe.ctl";
  }
  /// Offset of the version of publish n's slot in the data file.
  [[nodiscard]] std::size_t slot_of(Sequence n, const ChannelDescription& channel) const {
    const SlotGeometry geometry = slot_geometry(channel);
    return peek<std::uint64_t>(directory_.data_file(), 192) +
           geometry.index_of(n) * geometry.stride;
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 8);
};

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
  EXPECT_EQ(outcome(SegmentReader::attach(channel_, {.domain = directory_.domain()})), "ok");
  EXPECT_EQ(outcome(attach()), "ok");
}

TEST_F(Create, OfAnImpossibleSizeIsRefusedAndMakesNothing) {
  for (const std::size_t size : {std::size_t{0}, (std::size_t{1} << 30) + 1, ~std::size_t{0}}) {
    EXPECT_EQ(outcome(create(raw_channel("probe", size))), "InvalidSize") << size;
    EXPECT_EQ(outcome(SegmentWriter::create("probe", size, {.domain = directory_.domain()})),
              "InvalidSize");
  }
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Create, CloseRemovesThemAll) {
  {
    auto writer = create(channel_);
    ASSERT_TRUE(writer) << message_of(writer);
  }
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Create, ControlFileStaysUntilTheLastReaderLeaves) {
  std::optional<SegmentReader> first;
  std::optional<SegmentReader> second;
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
  std::optional<SegmentReader> reader;
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

TEST_F(Create, TakesOverInPlace) {
  leave_orphan(directory_.domain(), channel_, 7);
  auto reader = attach();
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "7");
  EXPECT_EQ(to_string(reader->writer_state()), "Dead");
  const auto files = directory_.files();
  const ino_t data = inode_of(directory_.data_file());
  const auto created_ns = peek<std::uint64_t>(directory_.data_file(), 32);

  const std::uint64_t token = incarnation();
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(directory_.files(), files);
  EXPECT_EQ(inode_of(directory_.data_file()), data);
  EXPECT_EQ(peek<std::uint64_t>(directory_.data_file(), 32), created_ns);
  EXPECT_EQ(peek<std::uint32_t>(directory_.data_file(), 16),
            static_cast<std::uint32_t>(::getpid()));
  EXPECT_GT(writer->incarnation(), token);
  EXPECT_EQ(peek<std::uint64_t>(control(), 136), token)
      << "the generation is still that of the file";
  EXPECT_EQ(writer->current_version(), 14U) << "the count continues";

  EXPECT_FALSE(reader->has_changed());
  EXPECT_EQ(read_number(*reader), "7") << "without attaching again";
  EXPECT_EQ(to_string(reader->writer_state()), "Alive");
  writer->write(bytes_of(std::uint64_t{8}));
  EXPECT_EQ(read_number(*reader), "8");
  EXPECT_EQ(reader->version(), 16U);
}

TEST_F(Create, TakesOverAgainAndAgain) {
  std::optional<SegmentReader> reader;
  for (std::uint64_t life = 1; life <= 5; ++life) {
    const std::uint64_t before = life == 1 ? 0 : incarnation();
    Child child([&]() -> std::string {
      auto writer = create(channel_);
      if (!writer) return message_of(writer);
      if (writer->incarnation() <= before) return "wrong incarnation";
      if (writer->current_version() != 2 * 10 * (life - 1)) return "wrong version";
      for (std::uint64_t n = 1; n <= 10; ++n) writer->write(bytes_of(life * 100 + n));
      die();
    });
    EXPECT_EQ(child.join().text, "");
    if (!reader) reader.emplace(std::move(attach().value()));
    EXPECT_EQ(read_number(*reader), std::to_string(life * 100 + 10));
  }
}

TEST_F(Create, TakesOverASegmentThatWasNeverWritten) {
  leave_orphan(directory_.domain(), channel_, 0);
  auto reader = attach();
  ASSERT_TRUE(reader) << message_of(reader);
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(writer->current_version(), 0U);
  EXPECT_EQ(read_number(*reader), "NeverWritten");
  writer->write_at(0, bytes_of(std::uint32_t{5}));
  EXPECT_EQ(read_number(*reader), "5");
}

TEST_F(Create, TakesOverAfterADeathInTheMiddleOfAPublish) {
  for (const std::uint32_t slots : {2U, 3U, 4U}) {
    for (std::uint64_t published = 0; published <= 6; ++published) {
      channel_.slots = slots;
      leave_orphan(directory_.domain(), channel_, published);
      // The next slot is marked, and half of it filled.
      const std::size_t slot = slot_of(published + 1, channel_);
      poke(directory_.data_file(), slot, detail::filling(published + 1));
      poke(directory_.data_file(), slot + slot_geometry(channel_).payload_offset,
           std::uint64_t{666});
      auto reader = attach();
      ASSERT_TRUE(reader) << message_of(reader);
      const std::string last = published == 0 ? "NeverWritten" : std::to_string(published);
      EXPECT_EQ(read_number(*reader), last);
      auto writer = create(channel_);
      ASSERT_TRUE(writer) << message_of(writer);
      EXPECT_EQ(writer->current_version(), 2 * published);
      EXPECT_EQ(read_number(*reader), last);
      writer->write(bytes_of(published + 1));
      EXPECT_EQ(read_number(*reader), std::to_string(published + 1));
    }
  }
}

TEST_F(Create, TakesOverAfterADeathBetweenSlotAndHeader) {
  for (std::uint64_t published = 1; published <= 6; ++published) {
    leave_orphan(directory_.domain(), channel_, published);
    poke(directory_.data_file(), 8, detail::complete(published - 1));
    auto reader = attach();
    ASSERT_TRUE(reader) << message_of(reader);
    EXPECT_EQ(read_number(*reader), std::to_string(published))
        << "the last complete publish counts";
    auto writer = create(channel_);
    ASSERT_TRUE(writer) << message_of(writer);
    EXPECT_EQ(writer->current_version(), 2 * published) << "for its successor, too";
    EXPECT_FALSE(reader->has_changed()) << "it has already been read";
    auto late = attach();
    ASSERT_TRUE(late) << message_of(late);
    EXPECT_EQ(late->version(), 2 * published) << "and the header names it now";
  }
}

TEST_F(Create, SegmentThatContradictsItselfIsMadeAnew) {
  leave_orphan(directory_.domain(), channel_, 5);
  poke(directory_.data_file(), 8, std::uint64_t{4});
  auto reader = attach();
  ASSERT_TRUE(reader) << message_of(reader);
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(writer->current_version(), 0U);
  EXPECT_EQ(read_number(*reader), "Detached");
  EXPECT_EQ(directory_.files().size(), 3U);
}

TEST_F(Create, AnyDifferenceInTheLayoutMakesItAnew) {
  const auto bfbs = std::span(probe::ProbeChannel::bfbs);
  const CompatibleLayout compatible[] = {{SchemaId{}, {1, 0}, 4, 1}};
  const auto changed = [&](auto change) {
    ChannelDescription channel = raw_channel("probe", 48);
    change(channel);
    return channel;
  };
  const ChannelDescription variants[] = {
      changed([](auto& c) { c.size = 40; }),
      changed([](auto& c) { c.slots = 5; }),
      changed([](auto& c) { c.stamp = Stamp::None; }),
      changed([](auto& c) { c.checksum = Checksum::Crc32c; }),
      changed([](auto& c) {
        c.version = {1, 1};
      }),
      changed([](auto& c) { c.max_readers = 7; }),
      changed([](auto& c) { c.period = 1ms; }),
      changed([](auto& c) { c.max_age = 1ms; }),
      changed([](auto& c) { c.alignment = 16; }),
      changed([](auto& c) { c.schema_id.bytes[31] = 1; }),
      changed([&](auto& c) { c.bfbs = bfbs; }),
      changed([&](auto& c) { c.compatible = compatible; }),
  };
  for (const ChannelDescription& variant : variants) {
    leave_orphan(directory_.domain(), raw_channel("probe", 48), 3);
    auto reader = attach();
    ASSERT_TRUE(reader) << message_of(reader);
    const auto index = &variant - std::begin(variants);
    auto writer = create(variant);
    ASSERT_TRUE(writer) << index << ": " << message_of(writer);
    EXPECT_EQ(writer->current_version(), 0U) << index;
    EXPECT_EQ(read_number(*reader), "Detached") << index;
    EXPECT_EQ(directory_.files().size(), 3U) << index << ": the old data file is gone";
  }
}

TEST_F(Create, OtherModuleMakesItAnewUnderItsOwnName) {
  leave_orphan(directory_.domain(), channel_, 3);
  channel_.owner = "heir";
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  writer->write(bytes_of(std::uint64_t{9}));
  auto reader = attach();
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "9");
}

TEST_F(Create, ReplacesAnOrphanIfAsked) {
  leave_orphan(directory_.domain(), channel_, 7);
  auto reader = attach();
  ASSERT_TRUE(reader) << message_of(reader);
  const std::filesystem::path old = directory_.data_file();
  const std::uint64_t token = incarnation();
  auto writer = create(channel_, OnOrphan::Replace);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(writer->current_version(), 0U);
  EXPECT_GT(writer->incarnation(), token);
  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_EQ(directory_.files().size(), 3U);
  EXPECT_EQ(read_number(*reader), "Detached");
  EXPECT_EQ(read_number(attach().value()), "NeverWritten");
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
  EXPECT_EQ(outcome(SegmentWriter::create(
                "fresh", 8, {.domain = directory_.domain(), .on_orphan = OnOrphan::Refuse})),
            "ok")
      << "without an orphan there is nothing to refuse";
}

TEST_F(Create, OrphanWithoutItsDataFileIsMadeAnew) {
  leave_orphan(directory_.domain(), channel_, 7);
  std::filesystem::remove(directory_.data_file());
  const auto reader = attach();
  EXPECT_EQ(outcome(reader), "NotFound") << message_of(reader);
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(outcome(attach()), "ok");
}

TEST_F(Create, OrphanWhoseFileIsSomethingElseIsMadeAnew) {
  leave_orphan(directory_.domain(), channel_, 7);
  const std::filesystem::path data = directory_.data_file();
  std::filesystem::remove(data);
  ASSERT_EQ(::mkfifo(data.c_str(), 0600), 0);
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(outcome(attach()), "ok");
  EXPECT_FALSE(std::filesystem::exists(data));
}

TEST_F(Create, SecondDataFileThatADeadWriterLeftIsRemoved) {
  // The writer died while it replaced its segment: both entries name a file.
  leave_orphan(directory_.domain(), channel_, 7);
  const auto current = peek<std::uint32_t>(control(), 148);
  const std::filesystem::path second = directory_.path() / "evo_tester_probe_1";
  std::filesystem::copy_file(directory_.data_file(), second);
  std::array<char, 32> module{};
  std::string_view("tester").copy(module.data(), module.size());
  poke(control(), 256 + 40 * (1 - current), module);
  poke(control(), 256 + 40 * (1 - current) + 32, std::uint32_t{1});
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_FALSE(std::filesystem::exists(second));
  EXPECT_EQ(writer->current_version(), 14U);
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
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become nobody";
  const ChildResult child = in_child([&]() -> std::string {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) {
      return "setresuid failed";
    }
    return outcome(create(channel_)) + " " + outcome(attach());
  });
  EXPECT_EQ(child.text, "PermissionDenied PermissionDenied");
}

TEST_F(Create, ForcedTakeoverFencesTheFormerWriterOff) {
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  writer->write(bytes_of(std::uint64_t{1}));
  poke(control(), 128, std::uint64_t{2});
  EXPECT_EQ(outcome(writer->write(bytes_of(std::uint64_t{2}))), "Fenced");
  EXPECT_EQ(outcome(writer->write_at(0, bytes_of(std::uint64_t{2}))), "Fenced");
  EXPECT_EQ(writer->current_version(), 2U);
  auto reader = attach();
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "1");
  const auto files = directory_.files();
  writer = tl::unexpected(Error{});
  EXPECT_EQ(directory_.files(), files) << "the files now belong to another writer";
}

TEST_F(Create, NarrowerAccessMakesItAnew) {
  channel_.access = Access::Group;
  leave_orphan(directory_.domain(), channel_, 7);
  channel_.access = Access::Owner;
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(writer->current_version(), 0U) << "the old file was open to the group";
  EXPECT_EQ(directory_.files().size(), 3U);
  for (const std::string& file : directory_.files()) {
    EXPECT_EQ(mode_of(directory_.path() / file), 0600U) << file;
  }
  EXPECT_EQ(outcome(SegmentReader::attach(channel_, {.domain = directory_.domain()})), "ok");
}

TEST_F(Create, WiderAccessTakesOverInPlace) {
  leave_orphan(directory_.domain(), channel_, 7);
  channel_.access = Access::Group;
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(writer->current_version(), 14U);
  EXPECT_EQ(mode_of(control()), 0660U);
  EXPECT_EQ(mode_of(directory_.data_file()), 0640U);
  EXPECT_EQ(mode_of(directory_.path() / "evo_probe.meta"), 0640U);
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

TEST_F(Create, LessAccessMakesTheControlFileAnew) {
  channel_.access = Access::Group;
  leave_orphan(directory_.domain(), channel_, 7);
  // Like another member of the group, which keeps its access as long as it has the file open.
  const int opened = ::open(control().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(opened, 0);
  channel_.access = Access::Owner;
  EXPECT_EQ(outcome(create(channel_, OnOrphan::Refuse)), "AlreadyExists");
  const auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  struct stat former {};
  struct stat present {};
  ASSERT_EQ(::fstat(opened, &former), 0);
  ASSERT_EQ(::stat(control().c_str(), &present), 0);
  EXPECT_EQ(former.st_nlink, 0U) << "removed";
  EXPECT_NE(present.st_ino, former.st_ino);
  EXPECT_EQ(present.st_mode & 07777U, 0600U);
  ::close(opened);
}

TEST_F(Create, MoreAccessDetachesReadersOfABlockingStream) {
  // They show values in place, because so far no other user could move their cursor.
  channel_.kind = Kind::Stream;
  channel_.overflow = Overflow::Block;
  in_child([&]() -> std::string {
    auto writer = StreamSegmentWriter::create(channel_, {.domain = directory_.domain()});
    die();
  });
  auto reader = StreamSegmentReader::attach("probe", {.domain = directory_.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  channel_.access = Access::Group;
  auto writer = StreamSegmentWriter::create(channel_, {.domain = directory_.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_TRUE(reader->detached());
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

/// Whether a thread of this process is in a sleep that it requested itself.
bool is_pausing(long thread_id) {
  std::ifstream file(fmt::format("/proc/self/task/{}/syscall", thread_id));
  long number = -1;
  // If the kernel does not report it, any moment will do.
  return !(file >> number) || number == SYS_clock_nanosleep || number == SYS_nanosleep;
}

void limit(__rlimit_resource resource, rlim_t value) {
  rlimit both{};
  ::getrlimit(resource, &both);
  both.rlim_cur = value;
  if (::setrlimit(resource, &both) != 0) throw std::runtime_error("setrlimit failed");
}

TEST_F(Create, FileSizeLimitIsAnErrorThatLeavesNothing) {
  for (const rlim_t bytes : {0UL, 100UL, 4096UL, 28671UL, 28672UL, 65536UL, 106496UL}) {
    const ChildResult child = in_child([&]() -> std::string {
      limit(RLIMIT_FSIZE, bytes);
      return outcome(create(raw_channel("probe", 100'000, 2)));
    });
    EXPECT_EQ(child.text, "ResourceExhausted") << bytes;
    EXPECT_EQ(child.status, 0) << bytes;
    EXPECT_TRUE(directory_.files().empty()) << bytes;
  }
}

TEST_F(Create, TakeoverNeedsNoFileSize) {
  leave_orphan(directory_.domain(), channel_, 7);
  const std::uint64_t token = incarnation();
  const ChildResult child = in_child([&]() -> std::string {
    limit(RLIMIT_FSIZE, 0);
    auto writer = create(channel_);
    if (!writer) return message_of(writer);
    const std::string text = std::to_string(writer->current_version());
    die();
    return text;
  });
  EXPECT_TRUE(child.killed_by(SIGKILL)) << "by itself, not by SIGXFSZ; " << child.text;
  EXPECT_EQ(read_number(attach().value()), "7");
  EXPECT_GT(incarnation(), token) << "it was taken over";
}

/// Lets this process open `count` more descriptors.
void allow_descriptors(rlim_t count) {
  const int lowest_free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(lowest_free);
  limit(RLIMIT_NOFILE, static_cast<rlim_t>(lowest_free) + count);
}

TEST_F(Create, TooFewDescriptorsIsAnErrorThatLeavesNothing) {
  std::string last;
  for (rlim_t count = 0; count < 20 && last != "ok"; ++count) {
    last = in_child([&]() -> std::string {
             allow_descriptors(count);
             return outcome(create(channel_));
           }).text;
    EXPECT_TRUE(last == "ok" || last == "ResourceExhausted") << count << ": " << last;
    EXPECT_TRUE(directory_.files().empty()) << count;
  }
  EXPECT_EQ(last, "ok");
}

TEST_F(Create, TooFewDescriptorsNeverCostTheOrphanItsValue) {
  std::string last;
  for (rlim_t count = 0; count < 20 && last != "ok"; ++count) {
    if (directory_.files().empty()) leave_orphan(directory_.domain(), channel_, 7);
    last = in_child([&]() -> std::string {
             allow_descriptors(count);
             auto writer = create(channel_);
             if (writer && writer->current_version() != 14) return "lost the value";
             return outcome(writer);
           }).text;
    EXPECT_TRUE(last == "ok" || last == "ResourceExhausted") << count << ": " << last;
    if (last != "ok") {
      auto reader = attach();
      ASSERT_TRUE(reader) << count << ": " << message_of(reader);
      EXPECT_EQ(read_number(*reader), "7") << count;
    }
  }
  EXPECT_EQ(last, "ok");
}

TEST_F(Create, ReaderWithTooFewDescriptorsIsToldSo) {
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  std::string last;
  for (rlim_t count = 0; count < 20 && last != "ok"; ++count) {
    last = in_child([&]() -> std::string {
             allow_descriptors(count);
             return outcome(attach());
           }).text;
    EXPECT_TRUE(last == "ok" || last == "ResourceExhausted") << count << ": " << last;
  }
  EXPECT_EQ(last, "ok");
}

/// A file system of 1 MiB, for root.
class SmallFileSystem : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a file system";
    mounted_ = ::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, "size=1m,mode=0700") == 0;
    if (!mounted_) GTEST_SKIP() << "this root may not mount a file system";
  }
  ~SmallFileSystem() override {
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }

  TemporaryDomain directory_;
  bool mounted_ = false;
};

TEST_F(SmallFileSystem, FullOneIsNoSpaceAndLeavesNothing) {
  const auto writer = SegmentWriter::create("large", 1 << 20, {.domain = directory_.domain()});
  EXPECT_EQ(outcome(writer), "NoSpace");
  EXPECT_TRUE(contains(message_of(writer), "free space")) << message_of(writer);
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(SmallFileSystem, NoSpaceAtAnyPointLeavesWhatWasThere) {
  // Leave one more page free in each round, so that create fails at each of its steps.
  const ChannelDescription channel = raw_channel("probe", 8);
  const int filler = ::open((directory_.path() / "filler").c_str(), O_CREAT | O_RDWR, 0600);
  ASSERT_GE(filler, 0);
  std::string last;
  for (off_t free_pages = 0; free_pages < 20 && last != "ok"; ++free_pages) {
    ASSERT_EQ(::ftruncate(filler, 0), 0);
    ASSERT_EQ(::posix_fallocate(filler, 0, (256 - free_pages) * 4096), 0);
    {
      const auto writer = SegmentWriter::create(channel, {.domain = directory_.domain()});
      last = outcome(writer);
    }
    EXPECT_TRUE(last == "ok" || last == "NoSpace") << free_pages << ": " << last;
    EXPECT_EQ(directory_.files(), std::vector<std::string>{"filler"}) << free_pages;
  }
  EXPECT_EQ(last, "ok");

  // An orphan is taken over even with no free space at all, and survives a failed replacement.
  leave_orphan(directory_.domain(), channel, 7);
  ASSERT_EQ(::ftruncate(filler, 0), 0);
  for (int pages = 256; pages > 0; --pages) {
    if (::posix_fallocate(filler, 0, pages * 4096) == 0) break;
  }
  EXPECT_EQ(outcome(SegmentWriter::create(
                channel, {.domain = directory_.domain(), .on_orphan = OnOrphan::Replace})),
            "NoSpace");
  auto reader = SegmentReader::attach("probe", {.domain = directory_.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "7");
  auto writer = SegmentWriter::create(channel, {.domain = directory_.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(writer->current_version(), 14U);
  ::close(filler);
}

TEST_F(Create, LeavesTheFilesOfASuccessorAlone) {
  // The control file of a live writer was removed, so that another writer could create.
  auto first = create(channel_);
  ASSERT_TRUE(first) << message_of(first);
  std::filesystem::remove(control());
  auto second = create(channel_);
  ASSERT_TRUE(second) << message_of(second);
  second->write(bytes_of(std::uint64_t{2}));
  first = tl::unexpected(Error{});
  EXPECT_EQ(directory_.files().size(), 3U);
  EXPECT_EQ(read_number(attach().value()), "2");
}

TEST_F(Create, WaitsForAReaderThatIsJustClearingUp) {
  // A reader that leaves a closed segment holds the writer's lock for a moment. Here the test holds
  // it, and releases it when it sees the other thread pause. If it is held for too long, create
  // fails, so a slow machine has several rounds.
  std::string last;
  for (int round = 0; round < 50 && last != "ok"; ++round) {
    auto held = detail::lock_control(directory_.domain(), channel_);
    ASSERT_TRUE(held) << message_of(held);
    std::atomic<long> thread_id{0};
    std::atomic<bool> done{false};
    std::thread creator([&] {
      thread_id = ::syscall(SYS_gettid);
      last = outcome(create(channel_));
      done = true;
    });
    while (!done && !(thread_id != 0 && is_pausing(thread_id))) std::this_thread::yield();
    held = tl::unexpected(Error{});
    creator.join();
    EXPECT_TRUE(last == "ok" || last == "SegmentBusy") << last;
  }
  EXPECT_EQ(last, "ok");
}

TEST_F(Create, ReadersThatComeAndGoDoNotMakeItBusy) {
  // A reader that leaves a closed segment holds the writer's lock for a moment.
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto reader = attach();
        if (!reader) {
          const std::string error = outcome(reader);
          EXPECT_TRUE(error == "NotFound" || error == "NotReady") << message_of(reader);
        }
      }
    });
  }
  for (std::uint64_t round = 0; round < 300; ++round) {
    auto writer = create(channel_);
    ASSERT_TRUE(writer) << round << ": " << message_of(writer);
    writer->write(bytes_of(round));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  // Two readers that leave at the same time may each see the other as still attached; the next
  // create or attach then cleans up.
  EXPECT_EQ(outcome(create(channel_)), "ok");
  EXPECT_EQ(directory_.files(), std::vector<std::string>());
}

TEST_F(Create, OnlyOneOfManyThatComeTogetherWins) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> won{0};
    std::atomic<int> ready{0};
    std::atomic<int> done{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        ++ready;
        while (ready < kThreads) std::this_thread::yield();
        const auto writer = create(channel_);
        if (writer) {
          ++won;
        } else {
          EXPECT_EQ(outcome(writer), "SegmentBusy") << message_of(writer);
        }
        ++done;
        while (done < kThreads) std::this_thread::yield();  // the winner holds on until then
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(won, 1) << round;
    ASSERT_TRUE(directory_.files().empty()) << round;
  }
}

}  // namespace
}  // namespace evo::test
