// SPDX-License-Identifier: Apache-2.0
/// The untyped reader follows a segment that was recreated.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "evo/raw_state_reader.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class Reattach : public testing::Test {
 protected:
  [[nodiscard]] Result<RawStateWriter> create(std::size_t size, OnOrphan on_orphan) const {
    return RawStateWriter::create(raw_channel("probe", size),
                                  {.domain = directory_.domain(), .on_orphan = on_orphan});
  }

  TemporaryDomain directory_;
};

TEST_F(Reattach, FollowsASegmentThatWasMadeAnew) {
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
  auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "3");
  auto writer = create(16, OnOrphan::TakeOver);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(read_number(*reader), "Detached");
  const auto attached = reader->reattach();
  ASSERT_TRUE(attached) << message_of(attached);
  EXPECT_EQ(reader->size(), 16U);
  EXPECT_EQ(read_number(*reader), "NeverWritten");
  EXPECT_FALSE(reader->has_changed());
  writer->write(bytes_of(std::uint64_t{4}));
  EXPECT_TRUE(reader->has_changed());
  EXPECT_EQ(read_number(*reader), "4");
}

TEST_F(Reattach, FailureLeavesTheReaderAsItWas) {
  std::optional<RawStateReader> reader;
  {
    auto writer = create(8, OnOrphan::TakeOver);
    writer->write(bytes_of(std::uint64_t{5}));
    reader.emplace(
        std::move(RawStateReader::attach("probe", {.domain = directory_.domain()}).value()));
  }
  EXPECT_EQ(outcome(reader->reattach()), "NotFound");
  EXPECT_EQ(outcome(reader->reattach(std::chrono::milliseconds(5))), "Timeout");
  EXPECT_EQ(read_number(*reader), "5");
  const auto writer = create(8, OnOrphan::TakeOver);
  EXPECT_EQ(outcome(reader->reattach()), "ok");
  EXPECT_EQ(to_string(reader->writer_state()), "Alive");
}

TEST_F(Reattach, StillInsistsOnTheDescription) {
  auto first = create(8, OnOrphan::TakeOver);
  ChannelDescription channel = raw_channel("probe", 8);
  auto reader = RawStateReader::attach(channel, {.domain = directory_.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  first = tl::unexpected(Error{});
  channel.schema_id.bytes.fill(7);
  const auto other = RawStateWriter::create(channel, {.domain = directory_.domain()});
  ASSERT_TRUE(other) << message_of(other);
  EXPECT_EQ(outcome(reader->reattach()), "SchemaMismatch");
}

TEST_F(Reattach, NeedsNoSecondPlaceInTheTable) {
  ChannelDescription channel = raw_channel("probe", 8);
  channel.max_readers = 1;
  const auto create_one = [&] {
    return RawStateWriter::create(channel, {.domain = directory_.domain()});
  };
  auto writer = std::make_optional(create_one());
  auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()}).value();
  writer.reset();
  EXPECT_EQ(outcome(reader.reattach()), "NotFound");
  writer.emplace(create_one());
  EXPECT_EQ(read_number(reader), "Detached");
  const auto again = reader.reattach();
  ASSERT_TRUE(again) << message_of(again);
  (*writer)->write(bytes_of(std::uint64_t{6}));
  EXPECT_EQ(read_number(reader), "6");
  EXPECT_EQ(outcome(RawStateReader::attach("probe", {.domain = directory_.domain()})),
            "ReaderTableFull")
      << "it still holds the only entry";
}

}  // namespace
}  // namespace evo::test
