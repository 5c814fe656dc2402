// SPDX-License-Identifier: Apache-2.0
/// Attaching to files that are not what they should be: an error for each, no crash, no hang.
#include "attachment/reader_attachment.hpp"

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <probe.evo.hpp>
#include <thread>

#include "bytes.hpp"
#include "file_bytes.hpp"
#include "sealed_header.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class HostileFile : public testing::Test {
 protected:
  HostileFile() {
    Child child([&]() -> std::string {
      auto writer = probe::ProbeWriter::create({.domain = directory_.domain()});
      if (!writer) return message_of(writer);
      writer->write({.cycle = 7});
      die();
    });
    const std::string error = child.join().text;
    if (!error.empty()) throw std::runtime_error(error);
    path_ = directory_.data_file();
    sound_ = read_bytes(path_);
  }

  [[nodiscard]] std::string attach() const {
    return outcome(RawStateReader::attach("probe", {.domain = directory_.domain()}));
  }
  /// Attaches both kinds of readers and, if that succeeds, reads whatever there is.
  void use_it() const {
    auto untyped = RawStateReader::attach("probe", {.domain = directory_.domain(), .retries = 2});
    if (untyped) {
      Bytes value(untyped->size());
      static_cast<void>(untyped->read(value));
      static_cast<void>(untyped->writer_state());
    } else {
      EXPECT_FALSE(message_of(untyped).empty());
    }
    auto typed = probe::ProbeReader::attach({.domain = directory_.domain(), .retries = 2});
    if (typed) {
      static_cast<void>(typed->read());
      static_cast<void>(typed->position());
    }
  }
  void restore() const { poke_bytes(path_, 0, sound_); }

  TemporaryDomain directory_;
  std::filesystem::path path_;
  Bytes sound_;
};

TEST_F(HostileFile, SoundOneIsAttached) {
  EXPECT_EQ(attach(), "ok");
}

TEST_F(HostileFile, WrongMagicIsCorrupt) {
  poke(path_, 0, std::uint64_t{0x45564f5f53484d01U});
  EXPECT_EQ(attach(), "Corrupt");
}

TEST_F(HostileFile, OtherFormatIsFormatMismatch) {
  Bytes forged = sound_;
  forge(forged, 130, std::uint16_t{3});
  forge(forged, 128, std::uint16_t{3});
  poke_bytes(path_, 0, forged);
  EXPECT_EQ(attach(), "FormatMismatch");
  EXPECT_EQ(outcome(probe::ProbeReader::attach({.domain = directory_.domain()})), "FormatMismatch");
}

TEST_F(HostileFile, OtherSizeIsCorrupt) {
  for (const std::uintmax_t size :
       {0UL, 1UL, 255UL, 256UL, 4095UL, 4096UL, 8191UL, 8193UL, 12288UL, (1UL << 30) + 4096}) {
    std::filesystem::resize_file(path_, size);
    const auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
    EXPECT_EQ(outcome(reader), "Corrupt") << size;
    EXPECT_EQ(contains(message_of(reader), "not 4 KiB to 1 GiB"), size < 4096 || size > 1UL << 30)
        << size;
    std::filesystem::resize_file(path_, sound_.size());
    restore();
  }
  EXPECT_EQ(attach(), "ok");
}

TEST_F(HostileFile, NoByteOfTheHeaderCrashesAnyone) {
  for (std::size_t i = 0; i < sizeof(SegmentHeader); ++i) {
    for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
      poke(path_, i, sound_[i] ^ static_cast<std::byte>(flip));
      use_it();
      if (i < 8 || i >= 48) {
        EXPECT_NE(attach(), "ok") << "byte " << i;
      }
      poke(path_, i, sound_[i]);
    }
  }
  EXPECT_EQ(attach(), "ok");
}

TEST_F(HostileFile, NoSealedByteOfTheHeaderCrashesAnyone) {
  for (std::size_t i = 0; i < sizeof(SegmentHeader); ++i) {
    for (const unsigned flip : {0x01U, 0x40U, 0x80U, 0xffU}) {
      Bytes forged = sound_;
      forged[i] ^= static_cast<std::byte>(flip);
      seal_header(forged);
      poke_bytes(path_, 0, std::span(forged).first(sizeof(SegmentHeader)));
      use_it();
    }
  }
}

TEST_F(HostileFile, NoByteOfTheSchemaCrashesAnyone) {
  const std::size_t end = 256 + probe::ProbeChannel::bfbs.size();
  for (std::size_t i = 256; i < end; i += 3) {
    poke(path_, i, sound_[i] ^ std::byte{0xff});
    use_it();
    poke(path_, i, sound_[i]);
  }
}

TEST_F(HostileFile, NoByteOfTheSlotsCrashesAnyone) {
  for (std::size_t i = 4096; i < sound_.size(); i += i < 4416 ? 1 : 97) {
    poke(path_, i, sound_[i] ^ std::byte{0xff});
    use_it();
    poke(path_, i, sound_[i]);
  }
}

TEST_F(HostileFile, WhatIsNoFileIsCorrupt) {
  std::filesystem::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(attach(), "Corrupt") << "a FIFO, without waiting for its other end";
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(attach(), "Corrupt") << "a directory";
  std::filesystem::remove(path_);
  std::filesystem::create_symlink("/etc/passwd", path_);
  EXPECT_EQ(attach(), "Corrupt") << "a link";
}

TEST_F(HostileFile, WrongModeIsPermissionDenied) {
  for (const mode_t mode : {0644U, 0666U, 0602U, 0660U}) {
    ::chmod(path_.c_str(), mode);
    EXPECT_EQ(outcome(probe::ProbeReader::attach({.domain = directory_.domain()})),
              "PermissionDenied")
        << mode;
  }
}

TEST_F(HostileFile, CompatibleLayoutsOutsideTheFileAreCorrupt) {
  Bytes forged = sound_;
  forge(forged, 212, std::uint32_t{1000});
  poke_bytes(path_, 0, forged);
  EXPECT_EQ(attach(), "Corrupt");
}

TEST_F(HostileFile, OtherGenerationThanTheControlFileNamesIsNotAttached) {
  Bytes forged = sound_;
  forge(forged, 64, std::uint64_t{99});
  poke_bytes(path_, 0, forged);
  EXPECT_NE(attach(), "ok");
}

TEST_F(HostileFile, ControlFileWithoutASegmentIsNotFound) {
  poke(directory_.path() / "evo_probe.ctl", 144, std::uint32_t{0});
  EXPECT_EQ(attach(), "NotFound");
}

TEST(ReaderAttachment, SegmentThatIsJustBeingMadeIsNotReady) {
  const TemporaryDomain directory;
  // As if a writer had locked its control file, but not yet recorded a data file.
  auto control = detail::lock_control(directory.domain(), raw_channel("probe", 8));
  ASSERT_TRUE(control) << message_of(control);
  const auto reader = RawStateReader::attach("probe", {.domain = directory.domain()});
  EXPECT_EQ(outcome(reader), "NotReady");
  EXPECT_TRUE(contains(message_of(reader), "pass ReaderOptions::wait")) << message_of(reader);
  const auto patient = RawStateReader::attach(
      "probe", {.domain = directory.domain(), .wait = std::chrono::milliseconds(5)});
  EXPECT_EQ(outcome(patient), "Timeout");
  EXPECT_TRUE(contains(message_of(patient), "still being created")) << message_of(patient);
  EXPECT_EQ(
      outcome(RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()})),
      "SegmentBusy");
  control = tl::unexpected(Error{});
  EXPECT_EQ(outcome(RawStateReader::attach("probe", {.domain = directory.domain()})), "NotFound");
  EXPECT_EQ(directory.files(), std::vector<std::string>{"evo_probe.ctl"})
      << "a creator may be about to lock it; readers that wait would make it start over for ever";
  {
    const auto writer =
        RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
  }
  EXPECT_TRUE(directory.files().empty());
}

TEST(ReaderAttachment, SegmentWhoseFileIsBeingReplacedIsNotReady) {
  const TemporaryDomain directory;
  const auto writer =
      RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  std::filesystem::remove(directory.data_file());
  EXPECT_EQ(outcome(RawStateReader::attach("probe", {.domain = directory.domain()})), "NotReady");
}

// An attempt opens and closes the control file. This must not wake other waiting readers: two of
// them would keep two cores busy until the writer comes.
TEST(ReaderAttachment, WaitingOnesLookFiftyTimesASecondAtMost) {
  const TemporaryDomain directory;
  auto control = detail::lock_control(directory.domain(), raw_channel("probe", 8));
  ASSERT_TRUE(control) << message_of(control);
  // IN_CLOSE too, because the kernel merges equal events that follow each other.
  const detail::FileDescriptor used(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(used.get(), directory.path().c_str(), IN_OPEN | IN_CLOSE), 0);
  const auto wait = [&] {
    const auto reader = RawStateReader::attach(
        "probe", {.domain = directory.domain(), .wait = std::chrono::milliseconds(200)});
    EXPECT_EQ(outcome(reader), "Timeout");
  };
  std::thread other(wait);
  wait();
  other.join();

  int looks = 0;
  alignas(inotify_event) std::array<char, 4096> events{};
  for (ssize_t size = 0; (size = ::read(used.get(), events.data(), events.size())) > 0;) {
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
      if ((event->mask & IN_OPEN) != 0) ++looks;
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  EXPECT_GE(looks, 2);
  constexpr int kMost = 200 / 20 + 2;  // one every 20 ms, one before and one after the watch
  EXPECT_LE(looks, 2 * kMost);
}

TEST(ReaderAttachment, WhatHappenedIsReportedAfterAValueThatCameBefore) {
  const TemporaryDomain directory;
  const auto make = [&] {
    return std::move(
        detail::ReaderAttachment::make({"probe"}, {.domain = directory.domain()}).value());
  };
  const auto there = [] { return true; };
  const auto not_there = [] { return false; };
  leave_orphan(directory.domain(), raw_channel("probe", 8));
  const auto of_dead = make();
  EXPECT_EQ(of_dead->take_death(there), WaitReason::Value);
  EXPECT_EQ(of_dead->take_death(not_there), WaitReason::WriterDied);
  EXPECT_EQ(of_dead->take_death(not_there), WaitReason::None);
  auto writer = std::make_optional<RawStateWriter>(
      RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()}).value());
  const auto of_closed = make();
  EXPECT_EQ(of_closed->take_news(not_there), WaitReason::None);
  writer.reset();
  EXPECT_EQ(of_closed->take_news(there), WaitReason::Value);
  EXPECT_EQ(of_closed->take_news(not_there), WaitReason::WriterClosed);
  EXPECT_EQ(of_closed->take_news(not_there), WaitReason::None);
}

TEST(ReaderAttachment, NameAndKindAreChecked) {
  const TemporaryDomain directory;
  const auto writer =
      RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  const auto await = [&](std::string_view name, Kind kind) {
    return outcome(detail::ReaderAttachment::await({.name = name, .kind = kind},
                                                   {.domain = directory.domain()}));
  };
  EXPECT_EQ(await("probe", Kind::State), "ok");
  EXPECT_EQ(await("probe", Kind::Stream), "Unsupported");
  EXPECT_EQ(await("../probe", Kind::State), "InvalidName");
}

TEST(ReaderAttachment, TakesTheLowestFreeEntry) {
  const TemporaryDomain directory;
  auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  const auto make = [&] {
    return std::move(
        detail::ReaderAttachment::make({"probe"}, {.domain = directory.domain()}).value());
  };
  auto first = make();
  auto second = make();
  auto third = make();
  EXPECT_EQ(first->entry_index, 0U);
  EXPECT_EQ(second->entry_index, 1U);
  EXPECT_EQ(third->entry_index, 2U);
  second.reset();
  EXPECT_EQ(make()->entry_index, 1U);
}

}  // namespace
}  // namespace evo::test
