// SPDX-License-Identifier: Apache-2.0
/// The untyped reader.
#include "evo/raw_state_reader.hpp"

#include <gtest/gtest.h>

#include <probe.evo.hpp>
#include <thread>

#include "bytes.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

TEST(WriterState, HasNames) {
  EXPECT_EQ(to_string(WriterState::Alive), "Alive");
  EXPECT_EQ(to_string(WriterState::Dead), "Dead");
  EXPECT_EQ(to_string(WriterState::Closed), "Closed");
  EXPECT_EQ(to_string(static_cast<WriterState>(9)), "?");
}

class UntypedReader : public testing::TestWithParam<std::size_t> {
 protected:
  UntypedReader()
      : writer_(std::move(
            RawStateWriter::create(raw_channel("raw", GetParam()), {.domain = directory_.domain()})
                .value())),
        reader_(std::move(RawStateReader::attach("raw", {.domain = directory_.domain()}).value())) {
  }

  TemporaryDomain directory_;
  RawStateWriter writer_;
  RawStateReader reader_;
};

TEST_P(UntypedReader, ReadsRangesWhereverTheyLie) {
  const std::size_t size = GetParam();
  const Bytes value = pattern(size);
  writer_.write(value);
  for (std::size_t offset = 0; offset <= size; offset += offset < 20 ? 1 : 41) {
    for (const std::size_t count : {0UL, 1UL, 3UL, 8UL, 13UL, 300UL, size - offset}) {
      if (count > size - offset) continue;
      Bytes part(count);
      const auto info = reader_.read_range(offset, part);
      ASSERT_TRUE(info) << to_string(info.error());
      EXPECT_EQ(info->sequence, 1U);
      ASSERT_TRUE(std::equal(part.begin(), part.end(), value.begin() + static_cast<long>(offset)))
          << offset << " + " << count;
    }
  }
}

TEST_P(UntypedReader, RangesOutsideAreRefused) {
  const std::size_t size = GetParam();
  writer_.write(pattern(size));
  Bytes byte(1);
  Bytes all(size);
  EXPECT_EQ(outcome(reader_.read_range(size, byte)), "OutOfRange");
  EXPECT_EQ(outcome(reader_.read_range(1, all)), "OutOfRange");
  EXPECT_EQ(outcome(reader_.read_range(size + 1, {})), "OutOfRange");
  EXPECT_EQ(outcome(reader_.read_range(~std::size_t{0}, byte)), "OutOfRange");
  EXPECT_EQ(outcome(reader_.read_range(size, {})), "ok") << "nothing, at the end";
  EXPECT_EQ(outcome(reader_.read_range(size - 1, byte)), "ok");
}

TEST_P(UntypedReader, ReadsAsMuchAsThereIsRoomFor) {
  const Bytes value = pattern(GetParam());
  writer_.write(value);
  Bytes little(3);
  ASSERT_TRUE(reader_.read(little));
  EXPECT_TRUE(std::equal(little.begin(), little.end(), value.begin()));
  Bytes much(GetParam() + 10, std::byte{0xee});
  ASSERT_TRUE(reader_.read(much));
  EXPECT_TRUE(std::equal(value.begin(), value.end(), much.begin()));
  EXPECT_EQ(much.back(), std::byte{0xee}) << "bytes beyond the value are not changed";
}

INSTANTIATE_TEST_SUITE_P(Sizes, UntypedReader, testing::Values(5U, 8U, 67U, 256U, 261U, 1003U));

class Reader : public testing::Test {
 protected:
  Result<RawStateWriter> create(const ChannelDescription& channel) {
    return RawStateWriter::create(channel, {.domain = directory_.domain()});
  }
  Result<RawStateReader> attach(std::string_view name, std::chrono::nanoseconds wait = 0ns) {
    return RawStateReader::attach(name, {.domain = directory_.domain(), .wait = wait});
  }

  TemporaryDomain directory_;
};

TEST_F(Reader, SeesEachPublishOnce) {
  auto writer = create(raw_channel("raw", 8));
  ASSERT_TRUE(writer) << message_of(writer);
  auto reader = attach("raw");
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_FALSE(reader->has_changed());
  EXPECT_EQ(read_number(*reader), "NeverWritten");
  for (std::uint64_t n = 1; n < 20; ++n) {
    writer->write(bytes_of(n));
    EXPECT_TRUE(reader->has_changed());
    EXPECT_EQ(reader->version(), 2 * n);
    EXPECT_EQ(read_number(*reader), std::to_string(n));
    EXPECT_FALSE(reader->has_changed());
    EXPECT_EQ(read_number(*reader), std::to_string(n)) << "the value stays readable";
  }
}

TEST_F(Reader, ChangedIsWhatHappenedBeforeItAttachedToo) {
  auto writer = create(raw_channel("raw", 8));
  ASSERT_TRUE(writer) << message_of(writer);
  writer->write(bytes_of(std::uint64_t{1}));
  auto reader = attach("raw");
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_TRUE(reader->has_changed());
}

TEST_F(Reader, PartOfTheValueLeavesItUnread) {
  auto writer = create(raw_channel("raw", 8));
  auto reader = attach("raw");
  ASSERT_TRUE(writer && reader);
  writer->write(bytes_of(std::uint64_t{1}));
  Bytes part(4);
  EXPECT_TRUE(reader->read_range(0, part));
  EXPECT_TRUE(reader->has_changed());
}

TEST_F(Reader, SampleCarriesSequenceStampAndMaxAge) {
  ChannelDescription channel = raw_channel("raw", 8);
  channel.max_age = 5ms;
  auto writer = create(channel);
  auto reader = attach("raw");
  ASSERT_TRUE(writer && reader);
  const std::uint64_t before = monotonic_ns();
  writer->write(bytes_of(std::uint64_t{1}));
  writer->write(bytes_of(std::uint64_t{2}));
  std::uint64_t value = 0;
  const auto info = reader->read(writable_bytes_of(value));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->sequence, 2U);
  EXPECT_TRUE(before <= info->stamp_ns && info->stamp_ns <= monotonic_ns());
  EXPECT_EQ(info->max_age, 5ms);
}

TEST_F(Reader, WithoutStampsTheStampIsZero) {
  ChannelDescription channel = raw_channel("raw", 8);
  channel.stamp = Stamp::None;
  auto writer = create(channel);
  auto reader = attach("raw");
  ASSERT_TRUE(writer && reader);
  writer->write(bytes_of(std::uint64_t{1}));
  std::uint64_t value = 0;
  const auto info = reader->read(writable_bytes_of(value));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->stamp_ns, 0U);
}

TEST_F(Reader, KnowsWhatTheSegmentSaysAboutItself) {
  auto writer = create(describe<probe::ProbeChannel>());
  ASSERT_TRUE(writer) << message_of(writer);
  auto reader = attach("probe");
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(reader->size(), 48U);
  EXPECT_EQ(reader->layout().schema_id, probe::ProbeChannel::schema_id);
  EXPECT_EQ(reader->layout().period_ns, 1'000'000U);
  EXPECT_EQ(reader->layout().geometry, slot_geometry(describe<probe::ProbeChannel>()));
  const auto bfbs = reader->bfbs();
  EXPECT_TRUE(std::equal(bfbs.begin(), bfbs.end(), probe::ProbeChannel::bfbs.begin(),
                         probe::ProbeChannel::bfbs.end()));
  EXPECT_TRUE(reader->memory().prefaulted);
  auto typed =
      RawStateReader::attach(describe<probe::ProbeChannel>(), {.domain = directory_.domain()});
  ASSERT_TRUE(typed) << message_of(typed);
  EXPECT_EQ(typed->field_count(), 5U);
}

TEST_F(Reader, NothingThereIsNotFound) {
  const auto reader = attach("raw");
  EXPECT_EQ(outcome(reader), "NotFound");
  EXPECT_TRUE(contains(message_of(reader), "start its writer, or check EVO_DOMAIN"))
      << message_of(reader);
  EXPECT_TRUE(contains(message_of(reader), directory_.path().string()));
}

TEST_F(Reader, WaitingInVainIsATimeout) {
  const std::uint64_t start = monotonic_ns();
  const auto reader = attach("raw", 30ms);
  EXPECT_EQ(outcome(reader), "Timeout");
  EXPECT_GE(monotonic_ns() - start, 30'000'000U);
  EXPECT_TRUE(message_of(reader).starts_with("waited 30 ms: segment 'raw' is not in domain"))
      << message_of(reader);
}

TEST_F(Reader, WaitsForAWriterThatComesLater) {
  std::optional<RawStateWriter> writer;
  std::thread late([&] {
    auto made = create(raw_channel("raw", 8));
    ASSERT_TRUE(made) << message_of(made);
    made->write(bytes_of(std::uint64_t{5}));
    writer.emplace(std::move(*made));
  });
  auto reader = attach("raw", 60s);
  late.join();
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "5");
}

TEST_F(Reader, WaitsForADomainThatIsMadeLater) {
  const Domain later(directory_.path() / "one" / "two");
  std::optional<RawStateWriter> writer;
  std::thread late([&] {
    std::filesystem::create_directory(directory_.path() / "one");
    auto made = RawStateWriter::create("raw", 8, {.domain = later});
    ASSERT_TRUE(made) << message_of(made);
    writer.emplace(std::move(*made));
  });
  auto reader = RawStateReader::attach("raw", {.domain = later, .wait = 60s});
  late.join();
  EXPECT_EQ(outcome(reader), "ok") << message_of(reader);
}

TEST_F(Reader, WaitingDoesNotHelpWhereSomethingIsWrong) {
  std::filesystem::create_directory(directory_.path() / "evo_raw.ctl");
  EXPECT_EQ(outcome(attach("raw", 60s)), "Corrupt") << "immediately, not after a minute";
}

TEST_F(Reader, TableIsFullAtMaxReaders) {
  ChannelDescription channel = raw_channel("raw", 8);
  channel.max_readers = 3;
  auto writer = create(channel);
  ASSERT_TRUE(writer) << message_of(writer);
  std::vector<RawStateReader> readers;
  for (int i = 0; i < 3; ++i) readers.push_back(std::move(attach("raw").value()));
  const auto fourth = attach("raw");
  EXPECT_EQ(outcome(fourth), "ReaderTableFull");
  EXPECT_TRUE(contains(message_of(fourth), "has 3 readers")) << message_of(fourth);
  readers.pop_back();
  EXPECT_EQ(outcome(attach("raw")), "ok");
}

TEST_F(Reader, EntryOfAKilledReaderIsFreeAgain) {
  ChannelDescription channel = raw_channel("raw", 8);
  channel.max_readers = 1;
  auto writer = create(channel);
  ASSERT_TRUE(writer) << message_of(writer);
  const Pipe attached;
  Child child([&]() -> std::string {
    const auto reader = attach("raw");
    if (reader) attached.write("x");
    ::pause();
    return "";
  });
  ASSERT_TRUE(attached.await_byte());
  EXPECT_EQ(outcome(attach("raw")), "ReaderTableFull");
  child.kill();
  EXPECT_EQ(outcome(attach("raw")), "ok");
}

TEST_F(Reader, KnowsWhetherItsWriterLives) {
  std::optional<RawStateReader> reader;
  {
    auto writer = create(raw_channel("raw", 8));
    ASSERT_TRUE(writer) << message_of(writer);
    reader.emplace(std::move(attach("raw").value()));
    EXPECT_EQ(to_string(reader->writer_state()), "Alive");
  }
  EXPECT_EQ(to_string(reader->writer_state()), "Closed");
  reader.reset();
  leave_orphan(directory_.domain(), raw_channel("raw", 8), 1);
  reader.emplace(std::move(attach("raw").value()));
  EXPECT_EQ(to_string(reader->writer_state()), "Dead");
  auto heir = create(raw_channel("raw", 8));
  ASSERT_TRUE(heir) << message_of(heir);
  EXPECT_EQ(to_string(reader->writer_state()), "Alive");
}

TEST_F(Reader, KeepsTheLastValueWhenItsWriterIsGone) {
  std::optional<RawStateReader> reader;
  {
    auto writer = create(raw_channel("raw", 8));
    ASSERT_TRUE(writer) << message_of(writer);
    writer->write(bytes_of(std::uint64_t{77}));
    reader.emplace(std::move(attach("raw").value()));
  }
  EXPECT_EQ(read_number(*reader), "77");
}

TEST_F(Reader, Moves) {
  auto writer = create(raw_channel("raw", 8));
  auto other = create(raw_channel("other", 8));
  ASSERT_TRUE(writer && other);
  writer->write(bytes_of(std::uint64_t{1}));
  other->write(bytes_of(std::uint64_t{2}));
  RawStateReader first = std::move(attach("raw").value());
  EXPECT_EQ(read_number(first), "1");
  RawStateReader second = std::move(first);
  EXPECT_FALSE(second.has_changed()) << "the last version seen moves along";
  EXPECT_EQ(read_number(second), "1");
  second = std::move(attach("other").value());
  EXPECT_EQ(read_number(second), "2");
  EXPECT_FALSE(second.wait_for_change(1ms));
}

TEST_F(Reader, DamagedValueIsNoticedWithAChecksumOnly) {
  for (const Checksum checksum : {Checksum::Crc32c, Checksum::None}) {
    ChannelDescription channel = raw_channel("raw", 3000);
    channel.checksum = checksum;
    auto writer = create(channel);
    auto reader = attach("raw");
    ASSERT_TRUE(writer && reader);
    writer->write(pattern(3000));
    Bytes value(3000);
    EXPECT_EQ(outcome(reader->read(value)), "ok");
    const SlotGeometry geometry = slot_geometry(channel);
    const std::size_t damaged =
        reader->layout().slots_offset + geometry.stride + geometry.payload_offset + 2999;
    poke(directory_.data_file(), damaged, std::byte{0x77});
    const char* expected = checksum == Checksum::None ? "ok" : "ChecksumMismatch";
    EXPECT_EQ(outcome(reader->read(value)), expected);
    Bytes part(4);
    EXPECT_EQ(outcome(reader->read_range(0, part)), expected) << "in every part of the value";
    writer->write(pattern(3000));
    EXPECT_EQ(outcome(reader->read(value)), "ok") << "the next value is whole";
  }
}

TEST_F(Reader, DamageIsNoReadValue) {
  ChannelDescription channel = raw_channel("raw", 8);
  channel.checksum = Checksum::Crc32c;
  auto writer = create(channel);
  auto reader = attach("raw");
  ASSERT_TRUE(writer && reader);
  writer->write(bytes_of(std::uint64_t{1}));
  const SlotGeometry geometry = slot_geometry(channel);
  poke(directory_.data_file(),
       reader->layout().slots_offset + geometry.stride + geometry.payload_offset, std::byte{9});
  EXPECT_EQ(read_number(*reader), "ChecksumMismatch");
  EXPECT_TRUE(reader->has_changed());
}

TEST_F(Reader, RetriesAreAnOption) {
  auto writer = create(raw_channel("raw", 8));
  ASSERT_TRUE(writer) << message_of(writer);
  writer->write(bytes_of(std::uint64_t{1}));
  auto reader = RawStateReader::attach("raw", {.domain = directory_.domain(), .retries = 3});
  ASSERT_TRUE(reader) << message_of(reader);
  const std::size_t slot = reader->layout().slots_offset + reader->layout().geometry.stride;
  poke(directory_.data_file(), slot, std::uint64_t{9});  // being filled, forever
  EXPECT_EQ(read_number(*reader), "Contended");
  EXPECT_EQ(reader->retries(), 3U);
}

TEST_F(Reader, WaitingForLessThanNothingEndsAtOnce) {
  const ChildResult child = in_child([&]() -> std::string {
    ::alarm(kHangSeconds);
    auto writer = create(raw_channel("probe", 8)).value();
    auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()}).value();
    return reader.wait_for_change(std::chrono::nanoseconds::min()) ? "changed" : "not changed";
  });
  EXPECT_EQ(child.text, "not changed");
}

TEST_F(Reader, IsToldOnceThatItsWriterHasClosed) {
  auto writer = std::make_optional(create(raw_channel("probe", 8)).value());
  auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()}).value();
  const auto wait = [&](std::chrono::nanoseconds timeout) {
    const std::uint64_t start = monotonic_ns();
    EXPECT_FALSE(reader.wait_for_change(timeout));
    return std::chrono::nanoseconds(monotonic_ns() - start);
  };
  writer.reset();
  wait(1h);
  EXPECT_GE(wait(30ms), 30ms) << "otherwise a reader that waits in a loop would use a whole core";
  writer.emplace(create(raw_channel("probe", 8)).value());
  wait(1h);  // recreated
  EXPECT_EQ(read_number(reader), "Detached");
}

}  // namespace
}  // namespace evo::test
