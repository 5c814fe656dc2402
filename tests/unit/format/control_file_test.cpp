// SPDX-License-Identifier: Apache-2.0
/// The format of the control file, byte by byte, and how it is opened and locked.
#include "evo/format/control_file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "attachment/control.hpp"
#include "attachment/data_file.hpp"
#include "bytes.hpp"
#include "evo/segment_info.hpp"
#include "evo/segment_paths.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "system/kernel_lock.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

std::string text_at(const Bytes& file, std::size_t offset, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(file.data()) + offset, size);
  return text.substr(0, text.find('\0'));
}

std::filesystem::path control_of(const TemporaryDomain& directory, std::string_view name) {
  return control_path(directory.domain(), name);
}

TEST(ControlFormat, EveryFieldStandsAtItsOffset) {
  const TemporaryDomain directory;
  const std::uint64_t before = detail::realtime_ns();
  auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  auto reader = RawStateReader::attach("probe", {.domain = directory.domain()});
  ASSERT_TRUE(reader) << message_of(reader);

  const Bytes file = read_bytes(control_of(directory, "probe"));
  ASSERT_EQ(file.size(), 28672U) << "640 bytes and 128 readers of 192 bytes, in whole pages";
  EXPECT_EQ(text_at(file, 0, 8), "EVO_CTL");
  EXPECT_EQ(peek<std::uint16_t>(file, 8), 5U) << "format";
  EXPECT_EQ(peek<std::uint16_t>(file, 10), 5U) << "format_min";
  EXPECT_EQ(peek<std::uint32_t>(file, 12), 0U);
  EXPECT_EQ((peek<std::array<std::uint8_t, 16>>(file, 16)), detail::boot_id().bytes);
  EXPECT_EQ(text_at(file, 32, 48), "probe");
  EXPECT_GE(peek<std::uint64_t>(file, 128), before / 1000) << "incarnation";
  EXPECT_EQ(peek<std::uint64_t>(file, 136), peek<std::uint64_t>(file, 128)) << "generation";
  EXPECT_EQ(peek<std::uint32_t>(file, 144), 1U) << "state: Open";
  const auto current = peek<std::uint32_t>(file, 148);
  ASSERT_LE(current, 1U);
  const auto pid = static_cast<std::uint32_t>(::getpid());
  EXPECT_EQ(peek<std::uint32_t>(file, 152), pid);
  EXPECT_EQ(peek<std::uint32_t>(file, 156), ::geteuid());
  EXPECT_LE(peek<std::uint32_t>(file, 160), 1U) << "wake_protocol";
  EXPECT_EQ(peek<std::uint32_t>(file, 164), 128U) << "reader_limit";
  EXPECT_GE(peek<std::uint64_t>(file, 168), before);
  EXPECT_EQ(peek<std::uint32_t>(file, 184), 0U) << "watch_session";
  EXPECT_EQ(peek<std::uint32_t>(file, 188), 0U) << "deaths";
  EXPECT_EQ(peek<std::uint64_t>(file, 192), 0U) << "waiters";
  EXPECT_EQ(peek<std::uint32_t>(file, 204), 0U) << "watch_sessions";
  EXPECT_EQ(text_at(file, 256 + 40 * current, 32), "tester");
  EXPECT_EQ(peek<std::uint32_t>(file, 256 + 40 * current + 32), pid);
  EXPECT_EQ(peek<std::uint32_t>(file, 256 + 40 * (1 - current) + 32), 0U) << "no second file";
  const std::string executable = detail::executable_path();
  EXPECT_TRUE(executable.ends_with(text_at(file, 336, 176)));

  for (std::size_t i = 512; i < 640; ++i) ASSERT_EQ(file[i], std::byte{0}) << "writer_watch";
  EXPECT_EQ(peek<std::uint32_t>(file, 640), pid) << "reader 0";
  EXPECT_EQ(peek<std::uint32_t>(file, 644), 0U) << "does not wait";
  EXPECT_EQ(peek<std::uint64_t>(file, 648), 0U) << "cursor";
  EXPECT_GE(peek<std::uint64_t>(file, 656), before) << "attached_ns";
  EXPECT_EQ(text_at(file, 664, 16), detail::process_name());
  for (std::size_t i = 704; i < file.size(); ++i) ASSERT_EQ(file[i], std::byte{0}) << i;
}

TEST(ControlFormat, LocksLieOnBytes0And1PlusReader) {
  const TemporaryDomain directory;
  auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  std::vector<RawStateReader> readers;
  for (int i = 0; i < 3; ++i) {
    auto reader = RawStateReader::attach("probe", {.domain = directory.domain()});
    ASSERT_TRUE(reader) << message_of(reader);
    readers.push_back(std::move(*reader));
  }
  const int fd = ::open(control_of(directory, "probe").c_str(), O_RDWR | O_CLOEXEC);
  const auto locked = [&](std::uint64_t byte) { return detail::is_locked(fd, byte); };
  EXPECT_TRUE(locked(0));
  EXPECT_TRUE(locked(1) && locked(2) && locked(3));
  EXPECT_FALSE(locked(4));
  EXPECT_FALSE(detail::is_locked(fd, 4, kMaximumReaders));
  readers.erase(readers.begin() + 1);
  EXPECT_TRUE(locked(0) && locked(1) && locked(3));
  EXPECT_FALSE(locked(2));
  ::close(fd);
}

TEST(Control, TableGrowsForASchemaWithMoreReaders) {
  const TemporaryDomain directory;
  ChannelDescription channel = raw_channel("probe", 8);
  channel.max_readers = 1;
  leave_orphan(directory.domain(), channel, 1);
  const auto path = control_of(directory, "probe");
  EXPECT_EQ(std::filesystem::file_size(path), 4096U);
  const ino_t inode = inode_of(path);

  auto early = RawStateReader::attach("probe", {.domain = directory.domain()});
  ASSERT_TRUE(early) << message_of(early);
  EXPECT_EQ(outcome(RawStateReader::attach("probe", {.domain = directory.domain()})),
            "ReaderTableFull");
  channel.max_readers = 200;
  auto writer = RawStateWriter::create(channel, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(std::filesystem::file_size(path), 40960U);
  EXPECT_EQ(inode_of(path), inode);
  std::vector<RawStateReader> readers;
  for (int i = 0; i < 199; ++i) {
    auto reader = RawStateReader::attach("probe", {.domain = directory.domain()});
    ASSERT_TRUE(reader) << i << ": " << message_of(reader);
    readers.push_back(std::move(*reader));
  }
  EXPECT_EQ(outcome(RawStateReader::attach("probe", {.domain = directory.domain()})),
            "ReaderTableFull");
}

class ForeignControl : public testing::Test {
 protected:
  ForeignControl() : path_(control_of(directory_, "probe")) {
    leave_orphan(directory_.domain(), raw_channel("probe", 8), 1);
  }

  [[nodiscard]] std::string attach() const {
    return outcome(RawStateReader::attach("probe", {.domain = directory_.domain()}));
  }
  [[nodiscard]] std::string create() const {
    return outcome(
        RawStateWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()}));
  }

  TemporaryDomain directory_;
  std::filesystem::path path_;
};

TEST_F(ForeignControl, WrongMagicIsCorrupt) {
  poke(path_, 0, kSegmentMagic);
  EXPECT_EQ(attach(), "Corrupt");
  EXPECT_EQ(create(), "Corrupt");
}

TEST_F(ForeignControl, AFileOfFormat4IsOfAnotherFormat) {
  poke(path_, 0, std::uint64_t{0x45564f5f43544c00U});
  EXPECT_EQ(attach(), "FormatMismatch") << "its magic alone";
  poke(path_, 8, std::uint32_t{0x00040004});
  EXPECT_EQ(attach(), "FormatMismatch");
  EXPECT_EQ(create(), "FormatMismatch");
  const auto info = inspect_segment(directory_.domain(), "probe");
  ASSERT_TRUE(info) << message_of(info);
  EXPECT_EQ(info->condition, SegmentCondition::Incompatible);
  poke(path_, 0, kControlMagic);
  EXPECT_EQ(attach(), "FormatMismatch") << "its number alone";
}

TEST_F(ForeignControl, OtherFormatIsNamed) {
  poke(path_, 8, std::uint16_t{6});
  EXPECT_EQ(attach(), "ok") << "newer, but this format suffices";
  poke(path_, 10, std::uint16_t{6});
  EXPECT_EQ(attach(), "FormatMismatch");
  EXPECT_EQ(create(), "FormatMismatch");
  poke(path_, 8, std::uint32_t{0x00010001});
  EXPECT_EQ(attach(), "FormatMismatch") << "format 1 had no room for the deadline watch";
  EXPECT_EQ(create(), "FormatMismatch");
  poke(path_, 8, std::uint32_t{0});
  EXPECT_EQ(attach(), "FormatMismatch");
}

TEST_F(ForeignControl, FileOfAnotherSegmentIsCorrupt) {
  std::filesystem::rename(path_, control_of(directory_, "other"));
  EXPECT_EQ(outcome(RawStateReader::attach("other", {.domain = directory_.domain()})), "Corrupt");
  EXPECT_EQ(
      outcome(RawStateWriter::create(raw_channel("other", 8), {.domain = directory_.domain()})),
      "Corrupt");
}

TEST_F(ForeignControl, ImpossibleSizesAreCorrupt) {
  const Bytes sound = read_bytes(path_);
  for (const std::uintmax_t size :
       {0UL, 1UL, 511UL, 4095UL, 4097UL, 12287UL, 12289UL, 1970177UL, 1974272UL, 1UL << 32}) {
    std::filesystem::resize_file(path_, size);
    poke_bytes(path_, 0, std::span(sound).first(std::min<std::size_t>(size, sound.size())));
    EXPECT_EQ(attach(), "Corrupt") << size;
    EXPECT_EQ(create(), "Corrupt") << size;
  }
}

TEST_F(ForeignControl, OneThatEndsInItsHeaderIsCorrupt) {
  std::filesystem::resize_file(path_, 100);
  EXPECT_EQ(attach(), "Corrupt");
}

TEST_F(ForeignControl, OneThatEndsInItsTableIsCorrupt) {
  std::filesystem::resize_file(path_, 700);
  EXPECT_EQ(attach(), "Corrupt");
}

TEST_F(ForeignControl, NoByteOfItsHeaderMakesAnyoneCrashOrHang) {
  const Bytes sound = read_bytes(path_);
  for (std::size_t i = 0; i < sizeof(ControlFile); ++i) {
    for (const unsigned flip : {0x01U, 0xffU}) {
      poke(path_, i, sound[i] ^ static_cast<std::byte>(flip));
      auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
      if (reader) {
        static_cast<void>(read_number(*reader));
        static_cast<void>(reader->writer_state());
      } else {
        EXPECT_FALSE(message_of(reader).empty()) << i;
      }
      reader = tl::unexpected(Error{});
      if (!std::filesystem::exists(path_)) {  // the reader took it for closed
        leave_orphan(directory_.domain(), raw_channel("probe", 8), 1);
      }
      poke_bytes(path_, 0, std::span(sound).first(sizeof(ControlFile)));
    }
  }
}

TEST_F(ForeignControl, WriterComesBackFromAnyDamageThatItAccepts) {
  for (std::size_t i = 0; i < sizeof(ControlFile); i += i < 200 ? 1 : 7) {
    poke(path_, i, peek<std::byte>(path_, i) ^ std::byte{0xff});
    auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()});
    if (writer) {
      EXPECT_TRUE(writer->write(bytes_of(std::uint64_t{42}))) << i;
      auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
      ASSERT_TRUE(reader) << i << ": " << message_of(reader);
      EXPECT_EQ(read_number(*reader), "42") << i;
    } else {
      EXPECT_FALSE(message_of(writer).empty()) << i;
    }
    writer = tl::unexpected(Error{});
    for (const std::string& file : directory_.files()) {
      std::filesystem::remove(directory_.path() / file);
    }
    leave_orphan(directory_.domain(), raw_channel("probe", 8), 1);
  }
}

TEST_F(ForeignControl, ModuleThatLeadsOutOfTheDomainIsNotFollowed) {
  const auto current = peek<std::uint32_t>(path_, 148);
  std::array<char, 32> evil{};
  std::string_view("../../etc/x").copy(evil.data(), evil.size());
  poke(path_, 256 + 40 * current, evil);
  EXPECT_NE(attach(), "ok");
  auto control = detail::open_control(directory_.domain(), "probe", Access::Owner);
  ASSERT_TRUE(control) << message_of(control);
  EXPECT_EQ(detail::data_file_path(directory_.domain(), "probe", *control, current), std::nullopt);
}

TEST_F(ForeignControl, ExecutableIsMadePrintable) {
  std::array<char, 176> evil{};
  std::string_view("/bin/\x1b[31mred\nline").copy(evil.data(), evil.size());
  poke(path_, 336, evil);
  auto control = detail::open_control(directory_.domain(), "probe", Access::Owner);
  ASSERT_TRUE(control) << message_of(control);
  const auto pid = peek<std::uint32_t>(path_, 152);
  EXPECT_EQ(detail::describe_writer(*control), fmt::format("pid {} (/bin/?[31mred?line)", pid));
  evil.fill('x');  // no zero at the end
  poke(path_, 336, evil);
  EXPECT_EQ(detail::describe_writer(*control),
            fmt::format("pid {} ({})", pid, std::string(176, 'x')));
}

TEST(Control, TextIsCutAtItsFirstZeroAndAtItsRoom) {
  alignas(8) std::array<char, 16> shared{};
  detail::store_text(shared.data(), shared.size(), "short");
  EXPECT_EQ(detail::load_text(shared.data(), shared.size()), "short");
  detail::store_text(shared.data(), shared.size(), "much longer than the room");
  EXPECT_EQ(detail::load_text(shared.data(), shared.size()), "much longer than");
  detail::store_text(shared.data(), shared.size(), "");
  EXPECT_EQ(shared, (std::array<char, 16>{})) << "nothing of the former text stays behind";
}

}  // namespace
}  // namespace evo::test
