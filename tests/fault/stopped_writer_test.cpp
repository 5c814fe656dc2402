// SPDX-License-Identifier: Apache-2.0
/// A writer that is stopped (kill -STOP) in the middle of a write is not dead. Also covers what an
/// administrator may do about it: force it out, or remove its control file.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "evo/fencing.hpp"
#include "fault_matrix.hpp"
#include "file_bytes.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"
#include "traced_child.hpp"

namespace evo::test {
namespace {

using detail::Stop;
using detail::TracedChild;

constexpr std::size_t kIncarnationOffset = 128;

/// The writer is stopped at this many instructions, spread evenly over those of a write.
constexpr std::size_t kMoments = 60;

class StoppedWriter : public testing::Test {
 protected:
  /// Publishes 1 to 3, then 4 between two marks, then 5. The exit code is 10 if
  /// the write of 4 succeeded, plus 1 if that of 5 did.
  void write_and_exit(const Domain& domain) const {
    RawStateWriter writer = make_writer(domain, channel_);
    publish(writer, 3);
    const auto fourth = whole_value(channel_.size, 4);
    const auto fifth = whole_value(channel_.size, 5);
    TracedChild::mark();
    const bool wrote_fourth = writer.write(bytes_of(fourth)).has_value();
    TracedChild::mark();
    const bool wrote_fifth = writer.write(bytes_of(fifth)).has_value();
    ::_exit((wrote_fourth ? 10 : 0) + (wrote_fifth ? 1 : 0));
  }

  /// How many instructions there are from mark to mark.
  [[nodiscard]] std::size_t count_instructions() const {
    const TemporaryDomain directory;
    TracedChild writer([&] { write_and_exit(directory.domain()); });
    if (writer.run_to_mark() != Stop::Mark) throw std::runtime_error("the writer failed");
    std::size_t count = 0;
    while (writer.step_instruction() == Stop::Step) ++count;
    return count;
  }

  ChannelDescription channel_ = [] {
    ChannelDescription channel = raw_channel("probe", 256);
    channel.stamp = Stamp::None;  // the number of instructions that read the clock varies
    return channel;
  }();
};

TEST_F(StoppedWriter, KeepsItsSegmentAndGoesOnWhenWoken) {
  const std::size_t total = count_instructions();
  const std::size_t stride = std::max<std::size_t>(1, total / kMoments);
  std::size_t tries = 0;
  for (std::size_t k = 0; k < total; k += stride, ++tries) {
    const TemporaryDomain directory;
    TracedChild writer([&] { write_and_exit(directory.domain()); });
    ASSERT_EQ(writer.run_to_mark(), Stop::Mark);
    RawStateReader reader = make_reader(directory.domain(), channel_);
    ASSERT_TRUE(writer.step_instructions(k));
    writer.leave_stopped();

    const std::string seen = read_whole(reader);
    ASSERT_TRUE(seen == "3" || seen == "4") << k << ": " << seen;
    EXPECT_EQ(attach_and_read(directory.domain(), channel_), seen) << k;
    EXPECT_EQ(to_string(reader.writer_state()), "Alive") << k;
    for (const OnOrphan on_orphan : {OnOrphan::TakeOver, OnOrphan::Replace}) {
      const auto second =
          RawStateWriter::create(channel_, {.domain = directory.domain(), .on_orphan = on_orphan});
      ASSERT_EQ(outcome(second), "SegmentBusy") << k;
    }
    EXPECT_EQ(read_whole(reader), seen) << k << ": the refused writer did something";

    writer.wake();
    ASSERT_TRUE(writer.await_mark()) << k;
    EXPECT_EQ(read_whole(reader), "4") << k;
    writer.wake();
    ASSERT_EQ(writer.join(), 11) << k << ": both writes succeed";
    EXPECT_EQ(read_whole(reader), "5") << k;
    EXPECT_EQ(to_string(reader.writer_state()), "Dead") << k << ": it exited without closing";
  }
  tried(tries, "reader keeps 3 or 4, second create SegmentBusy, woken it goes on");
}

TEST_F(StoppedWriter, ForcedOutIsFencedWhenWoken) {
  const std::size_t total = count_instructions();
  const std::size_t stride = std::max<std::size_t>(1, total / kMoments);
  std::size_t tries = 0;
  std::size_t caught = 0;
  for (std::size_t k = 0; k < total; k += stride, ++tries) {
    const TemporaryDomain directory;
    const auto control = directory.path() / "evo_probe.ctl";
    TracedChild writer([&] { write_and_exit(directory.domain()); });
    ASSERT_EQ(writer.run_to_mark(), Stop::Mark);
    RawStateReader reader = make_reader(directory.domain(), channel_);
    ASSERT_TRUE(writer.step_instructions(k));
    writer.leave_stopped();
    const auto incarnation = peek<std::uint64_t>(control, kIncarnationOffset);
    poke(control, kIncarnationOffset, incarnation + 1);

    writer.wake();
    ASSERT_TRUE(writer.await_mark()) << k;
    writer.wake();
    const int wrote = writer.join();
    // The write during which it was stopped may still complete; none after it.
    ASSERT_TRUE(wrote == 0 || wrote == 10) << k << ": exit code " << wrote;
    EXPECT_EQ(read_whole(reader), wrote == 0 ? "3" : "4") << k;
    caught += wrote == 0 ? 1 : 0;
    EXPECT_EQ(works_again(directory.domain(), channel_), "ok") << k;
  }
  EXPECT_GT(caught, 0U);
  EXPECT_LT(caught, tries);
  tried(tries,
        fmt::format("Fenced: {}x at once, {}x after the write it was in", caught, tries - caught));
}

TEST_F(StoppedWriter, FencedOffMakesRoomForASuccessor) {
  const std::size_t total = count_instructions();
  const std::size_t stride = std::max<std::size_t>(1, 2 * total / kMoments);
  std::size_t tries = 0;
  for (std::size_t k = 0; k < total; k += stride, ++tries) {
    const TemporaryDomain directory;
    TracedChild writer([&] { write_and_exit(directory.domain()); });
    ASSERT_EQ(writer.run_to_mark(), Stop::Mark);
    RawStateReader reader = make_reader(directory.domain(), channel_);
    ASSERT_TRUE(writer.step_instructions(k));
    writer.leave_stopped();

    const auto fenced = fence_off_writer(directory.domain(), "probe");
    ASSERT_TRUE(fenced) << k << ": " << message_of(fenced);
    EXPECT_TRUE(fenced->fenced) << k;
    EXPECT_EQ(read_whole(reader), "Detached") << k;
    RawStateWriter successor = make_writer(directory.domain(), channel_);
    successor.write(bytes_of(whole_value(channel_.size, 1000)));
    const auto files = directory.files();
    EXPECT_EQ(outcome(reader.reattach()), "ok") << k;

    writer.wake();
    ASSERT_TRUE(writer.await_mark()) << k;
    writer.wake();
    const int wrote = writer.join();
    ASSERT_TRUE(wrote == 0 || wrote == 10) << k << ": exit code " << wrote;
    EXPECT_EQ(directory.files(), files) << k;
    EXPECT_EQ(read_whole(reader), "1000") << k;
    EXPECT_EQ(attach_and_read(directory.domain(), channel_), "1000") << k;
  }
  tried(tries, "reader detached, then with the successor; woken, the former writer is Fenced");
}

TEST_F(StoppedWriter, MayLoseItsControlFileToASuccessor) {
  const std::size_t total = count_instructions();
  const std::size_t stride = std::max<std::size_t>(1, 4 * total / kMoments);
  std::size_t tries = 0;
  for (std::size_t k = 0; k < total; k += stride, ++tries) {
    const TemporaryDomain directory;
    TracedChild writer([&] { write_and_exit(directory.domain()); });
    ASSERT_EQ(writer.run_to_mark(), Stop::Mark);
    RawStateReader reader = make_reader(directory.domain(), channel_);
    ASSERT_TRUE(writer.step_instructions(k));
    writer.leave_stopped();
    std::filesystem::remove(directory.path() / "evo_probe.ctl");
    const std::string seen = read_whole(reader);
    ASSERT_TRUE(seen == "3" || seen == "4") << k << ": " << seen;

    std::optional<RawStateWriter> successor(make_writer(directory.domain(), channel_));
    successor->write(bytes_of(whole_value(channel_.size, 1000)));
    EXPECT_EQ(attach_and_read(directory.domain(), channel_), "1000") << k;
    EXPECT_EQ(read_whole(reader), seen) << k << ": it is attached to the former segment";
    writer.wake();
    ASSERT_TRUE(writer.await_mark()) << k;
    writer.wake();
    ASSERT_EQ(writer.join(), 11) << k;
    EXPECT_EQ(read_whole(reader), "5") << k << ": the former writer is whole for its readers";
    EXPECT_EQ(attach_and_read(directory.domain(), channel_), "1000") << k;
  }
  tried(tries, "each reader stays with its own writer's whole values");
}

/// The same with live endpoints, which close one after the other.
TEST(RemovedControlFile, LeavesBothSegmentsWhole) {
  const ChannelDescription channel = raw_channel("probe", 256);
  std::size_t tries = 0;
  for (const bool writer_ends_first : {true, false}) {
    const TemporaryDomain directory;
    const Pipe end;
    Child former([&]() -> std::string {
      RawStateWriter writer = make_writer(directory.domain(), channel);
      publish(writer, 3);
      if (!end.await_byte()) return "not told to end";
      return outcome(writer.write(bytes_of(whole_value(channel.size, 4))));
    });
    auto attached = RawStateReader::attach(
        channel, {.domain = directory.domain(), .wait = std::chrono::seconds(20)});
    ASSERT_TRUE(attached) << message_of(attached);
    std::optional<RawStateReader> reader(std::move(*attached));
    while (reader->version() != 6)
      static_cast<void>(reader->wait_for_change(std::chrono::seconds(1)));
    std::filesystem::remove(directory.path() / "evo_probe.ctl");
    std::optional<RawStateWriter> successor(make_writer(directory.domain(), channel));
    publish(*successor, 7);
    EXPECT_EQ(read_whole(*reader), "3");
    if (!writer_ends_first) reader.reset();
    end.write("x");
    EXPECT_EQ(former.join().text, "ok");
    if (reader) {
      EXPECT_EQ(read_whole(*reader), "4");
      EXPECT_EQ(to_string(reader->writer_state()), "Closed");
      reader.reset();
    }
    EXPECT_EQ(attach_and_read(directory.domain(), channel), "7") << "nothing of it was removed";
    EXPECT_EQ(to_string(make_reader(directory.domain(), channel).writer_state()), "Alive");
    successor.reset();
    ++tries;
  }
  tried(tries, "the former ends take nothing of the successor's away");
}

}  // namespace
}  // namespace evo::test
