// SPDX-License-Identifier: Apache-2.0
/// Taking over the segment of a dead writer in place, or recreating it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <probe.evo.hpp>
#include <vector>

#include "attachment/create_fixture.hpp"
#include "attachment/writer_attachment.hpp"
#include "evo/format.hpp"
#include "evo/raw_stream_reader.hpp"
#include "evo/raw_stream_writer.hpp"
#include "sealed_header.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

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
  std::optional<RawStateReader> reader;
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
      poke(directory_.data_file(), slot, detail::filling_version(published + 1));
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
    poke(directory_.data_file(), 8, detail::complete_version(published - 1));
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

TEST_F(Create, OtherBytesOfTheSchemaMakeItAnew) {
  const std::vector<std::uint8_t> schema(100, 1);
  std::vector<std::uint8_t> other_schema = schema;
  other_schema[50] = 2;
  const CompatibleLayout layout[] = {{SchemaId{}, {1, 0}, 4, 1}};
  const CompatibleLayout other_layout[] = {{SchemaId{}, {1, 0}, 4, 2}};
  for (const bool in_schema : {true, false}) {
    channel_.bfbs = schema;
    channel_.compatible = layout;
    leave_orphan(directory_.domain(), channel_, 7);
    if (in_schema) {
      channel_.bfbs = other_schema;
    } else {
      channel_.compatible = other_layout;
    }
    auto writer = create(channel_);
    ASSERT_TRUE(writer) << message_of(writer);
    EXPECT_EQ(writer->current_version(), 0U) << in_schema;
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

TEST_F(Create, LinkOfADeadServerIsMadeAnew) {
  ChannelDescription link = channel_;
  link.kind = Kind::Link;
  link.size = 4096;
  link.stamp = Stamp::None;
  Child child([&]() -> std::string {
    const auto server = detail::WriterAttachment::make(link, {.domain = directory_.domain()});
    if (!server) return message_of(server);
    die();
  });
  EXPECT_EQ(child.join().text, "");
  const ino_t former = inode_of(directory_.data_file());
  const auto server = detail::WriterAttachment::make(link, {.domain = directory_.domain()});
  ASSERT_TRUE(server) << message_of(server);
  EXPECT_NE(inode_of(directory_.data_file()), former);
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

TEST_F(Create, OrphanWhoseFileGrewIsMadeAnew) {
  leave_orphan(directory_.domain(), channel_, 7);
  const auto data = directory_.data_file();
  std::filesystem::resize_file(data, std::filesystem::file_size(data) + 4096);
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(writer->current_version(), 0U);
}

TEST_F(Create, DataFileOfAnEarlierBootIsMadeAnew) {
  leave_orphan(directory_.domain(), channel_, 7);
  std::vector<std::byte> file = read_bytes(directory_.data_file());
  forge(file, 72, std::uint64_t{1});
  poke_bytes(directory_.data_file(), 0, file);
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(writer->current_version(), 0U);
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
  EXPECT_EQ(outcome(RawStateReader::attach(channel_, {.domain = directory_.domain()})), "ok");
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
    auto writer = RawStreamWriter::create(channel_, {.domain = directory_.domain()});
    die();
  });
  auto reader = RawStreamReader::attach("probe", {.domain = directory_.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  channel_.access = Access::Group;
  auto writer = RawStreamWriter::create(channel_, {.domain = directory_.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_TRUE(reader->is_detached());
}

}  // namespace
}  // namespace evo::test
