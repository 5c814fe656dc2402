// SPDX-License-Identifier: Apache-2.0
/// The untyped writer.
#include "evo/raw_state_writer.hpp"

#include <gtest/gtest.h>

#include "bytes.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

/// Sizes below and above the limit for copying as words.
class UntypedWriter : public testing::TestWithParam<std::size_t> {
 protected:
  UntypedWriter()
      : writer_(std::move(
            RawStateWriter::create(raw_channel("raw", size(), 3), {.domain = directory_.domain()})
                .value())),
        reader_(std::move(RawStateReader::attach("raw", {.domain = directory_.domain()}).value())) {
  }

  [[nodiscard]] static std::size_t size() { return GetParam(); }
  /// The latest value; fails the test if there is none.
  Bytes read() {
    Bytes value(size());
    const auto info = reader_.read(value);
    EXPECT_TRUE(info) << to_string(info.error());
    return value;
  }

  TemporaryDomain directory_;
  RawStateWriter writer_;
  RawStateReader reader_;
};

TEST_P(UntypedWriter, WriteIsRead) {
  EXPECT_EQ(writer_.size(), size());
  EXPECT_EQ(writer_.current_version(), 0U);
  for (unsigned n = 1; n <= 10; ++n) {
    EXPECT_EQ(outcome(writer_.write(pattern(size(), n))), "ok");
    EXPECT_EQ(writer_.current_version(), 2 * n);
    EXPECT_EQ(reader_.version(), 2 * n);
    EXPECT_EQ(read(), pattern(size(), n));
  }
}

TEST_P(UntypedWriter, ShortWriteIsFilledUpWithZeros) {
  for (unsigned n = 0; n < 4; ++n) writer_.write(Bytes(size(), std::byte{0xff}));
  for (std::size_t count = 0; count <= size(); count += count < 40 ? 1 : 37) {
    EXPECT_EQ(outcome(writer_.write(pattern(count))), "ok");
    Bytes expected = pattern(count);
    expected.resize(size());
    ASSERT_EQ(read(), expected) << count;
    for (unsigned n = 0; n < 3; ++n) writer_.write(Bytes(size(), std::byte{0xff}));
  }
}

TEST_P(UntypedWriter, LongWriteIsRefused) {
  EXPECT_EQ(outcome(writer_.write(Bytes(size() + 1))), "OutOfRange");
  EXPECT_EQ(writer_.current_version(), 0U);
  Bytes value(size());
  EXPECT_EQ(outcome(reader_.read(value)), "NeverWritten");
}

TEST_P(UntypedWriter, WriteAtReplacesPartOfTheLastValue) {
  Bytes expected = pattern(size());
  writer_.write(expected);
  for (std::size_t offset = 0; offset <= size(); offset += offset < 20 ? 1 : 41) {
    for (const std::size_t count : {0UL, 1UL, 3UL, 8UL, 13UL, 300UL}) {
      if (count > size() - offset) continue;
      const Bytes part = pattern(count, static_cast<unsigned>(offset + count));
      EXPECT_EQ(outcome(writer_.write_at(offset, part)), "ok");
      std::copy(part.begin(), part.end(), expected.begin() + static_cast<long>(offset));
      ASSERT_EQ(read(), expected) << offset << " + " << count;
    }
  }
  EXPECT_EQ(outcome(writer_.write_at(size() - 1, pattern(1, 200))), "ok") << "the last byte";
  expected.back() = pattern(1, 200)[0];
  EXPECT_EQ(read(), expected);
}

TEST_P(UntypedWriter, WriteAtBeforeTheFirstValueStartsFromZeros) {
  EXPECT_EQ(outcome(writer_.write_at(1, pattern(2))), "ok");
  Bytes expected(size());
  std::copy_n(pattern(2).begin(), 2, expected.begin() + 1);
  EXPECT_EQ(read(), expected);
  EXPECT_EQ(writer_.current_version(), 2U);
}

TEST_P(UntypedWriter, WriteAtOutsideIsRefused) {
  writer_.write(pattern(size()));
  EXPECT_EQ(outcome(writer_.write_at(size(), pattern(1))), "OutOfRange");
  EXPECT_EQ(outcome(writer_.write_at(size() + 1, {})), "OutOfRange");
  EXPECT_EQ(outcome(writer_.write_at(1, pattern(size()))), "OutOfRange");
  EXPECT_EQ(outcome(writer_.write_at(~std::size_t{0}, pattern(2))), "OutOfRange");
  EXPECT_EQ(outcome(writer_.write_at(size(), {})), "ok") << "nothing, at the end";
  EXPECT_EQ(writer_.current_version(), 4U);
  EXPECT_EQ(read(), pattern(size()));
}

INSTANTIATE_TEST_SUITE_P(Sizes, UntypedWriter, testing::Values(5U, 8U, 67U, 256U, 261U, 1003U));

TEST(RawStateWriter, MovesAndEndsOnce) {
  const TemporaryDomain directory;
  std::optional<RawStateWriter> last;
  {
    auto first = RawStateWriter::create("raw", 8, {.domain = directory.domain()});
    ASSERT_TRUE(first) << message_of(first);
    first->write(bytes_of(std::uint64_t{1}));
    RawStateWriter second = std::move(*first);
    second.write(bytes_of(std::uint64_t{2}));
    last.emplace(std::move(second));
  }
  EXPECT_EQ(directory.files().size(), 3U) << "the segment moved along";
  EXPECT_EQ(outcome(last->write(bytes_of(std::uint64_t{3}))), "ok");
  EXPECT_EQ(last->current_version(), 6U);
  auto reader = RawStateReader::attach("raw", {.domain = directory.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "3");
  reader = tl::unexpected(Error{});
  last.reset();
  EXPECT_TRUE(directory.files().empty());
}

TEST(RawStateWriter, MoveAssignmentClosesTheFormerSegment) {
  const TemporaryDomain directory;
  auto first = RawStateWriter::create("first", 8, {.domain = directory.domain()});
  auto second = RawStateWriter::create("second", 16, {.domain = directory.domain()});
  ASSERT_TRUE(first && second);
  *first = std::move(*second);
  EXPECT_EQ(outcome(RawStateReader::attach("first", {.domain = directory.domain()})), "NotFound");
  EXPECT_EQ(first->size(), 16U);
  EXPECT_EQ(outcome(first->write(Bytes(16))), "ok");
  EXPECT_EQ(outcome(RawStateReader::attach("second", {.domain = directory.domain()})), "ok");
}

TEST(RawStateWriter, TellsItsIncarnationAndMemory) {
  const TemporaryDomain directory;
  auto writer = RawStateWriter::create("raw", 8, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_GT(writer->incarnation(), 0U);
  EXPECT_TRUE(writer->memory().prefaulted);
  writer->flush();
  EXPECT_EQ(writer->current_version(), 0U) << "a flush is not a publish";
}

TEST(RawStateWriter, SegmentsOfOneProcessDoNotMeet) {
  const TemporaryDomain directory;
  std::vector<RawStateWriter> writers;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const std::string name = "segment_" + std::to_string(i);
    auto writer = RawStateWriter::create(
        name, 8,
        {.domain = directory.domain(), .limits = ResourceLimits{.segments_per_process = 20}});
    ASSERT_TRUE(writer) << message_of(writer);
    writer->write(bytes_of(i));
    writers.push_back(std::move(*writer));
  }
  EXPECT_EQ(directory.files().size(), 60U);
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto reader =
        RawStateReader::attach("segment_" + std::to_string(i), {.domain = directory.domain()});
    ASSERT_TRUE(reader) << message_of(reader);
    EXPECT_EQ(read_number(*reader), std::to_string(i));
  }
}

TEST(RawStateWriter, SegmentsWhoseFileNamesCoincideDoNotMeet) {
  // evo_{module}_{name}_{pid}: "a_b" + "c" and "a" + "b_c" give the same file name.
  const TemporaryDomain directory;
  ChannelDescription channel = raw_channel("c", 8);
  channel.owner = "a_b";
  auto first = RawStateWriter::create(channel, {.domain = directory.domain()});
  ASSERT_TRUE(first) << message_of(first);
  first->write(bytes_of(std::uint64_t{1}));
  channel.owner = "a";
  channel.name = "b_c";
  auto second = RawStateWriter::create(channel, {.domain = directory.domain()});
  if (second) second->write(bytes_of(std::uint64_t{2}));

  auto reader = RawStateReader::attach("c", {.domain = directory.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "1");
  EXPECT_EQ(outcome(second), "AlreadyExists") << "both cannot exist in the same process";
}

}  // namespace
}  // namespace evo::test
