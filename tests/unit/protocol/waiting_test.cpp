// SPDX-License-Identifier: Apache-2.0
/// Sleeping until a publish. Time limits here are generous and only end tests that would otherwise
/// hang; none decides a result.
#include "evo/detail/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "attachment/reader_attachment.hpp"
#include "evo/segment_info.hpp"
#include "evo/segment_paths.hpp"
#include "file_bytes.hpp"
#include "memory_segment.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kForEver = 60s;

class Waiting : public testing::TestWithParam<WakeProtocol> {
 protected:
  Waiting() : segment_(raw_channel("memory", 8)) {
    segment_.control().wake_protocol = static_cast<std::uint32_t>(GetParam());
    if (GetParam() == WakeProtocol::Membarrier) {
      static_cast<void>(detail::register_writer_for_wakes());
    }
  }

  void wait(std::uint64_t seen_version, std::chrono::nanoseconds timeout) {
    static_cast<void>(detail::wait({.header = &segment_.header(),
                                    .control = &segment_.control(),
                                    .entry = &entry_,
                                    .seen_version = seen_version,
                                    .last_seen = {.generation = 1, .phase = SegmentPhase::Open}},
                                   timeout));
  }
  /// Waits in a separate thread, runs `change` once the wait is announced, and joins the thread.
  template <class Change>
  void wait_until(Change&& change) {
    std::thread sleeper([&] { wait(0, kForEver); });
    while (segment_.control().waiters.load() == 0) std::this_thread::yield();
    change();
    sleeper.join();
    expect_nobody_waits();
  }
  void expect_nobody_waits() { EXPECT_EQ(entry_.waiting.load(), 0U); }

  MemorySegment segment_;
  ReaderEntry entry_;
};

TEST_P(Waiting, ReturnsAtOnceIfTheVersionDiffers) {
  segment_.header().version = 2;
  wait(0, kForEver);
  expect_nobody_waits();
}

TEST_P(Waiting, ReturnsAtOnceFromAClosedOrReplacedSegment) {
  segment_.control().phase = SegmentPhase::Closed;
  wait(0, kForEver);
  segment_.control().phase = SegmentPhase::Open;
  segment_.control().generation = 2;
  wait(0, kForEver);
  expect_nobody_waits();
}

TEST_P(Waiting, ReturnsAtTheTimeout) {
  for (const std::chrono::nanoseconds timeout : {0ns, -1ns, 1ns, 100'000ns, 3'000'000ns}) {
    const std::uint64_t start = monotonic_ns();
    wait(0, timeout);
    EXPECT_GE(static_cast<std::int64_t>(monotonic_ns() - start), timeout.count());
    expect_nobody_waits();
  }
}

TEST_P(Waiting, PublishWakes) {
  wait_until([&] {
    detail::StatePublisher publisher = segment_.publisher();
    const auto done = publisher.publish(segment_.geometry(), [](std::byte*) {});
    EXPECT_TRUE(done);
  });
}

TEST_P(Waiting, EndOfTheSegmentWakes) {
  wait_until([&] {
    segment_.control().phase = SegmentPhase::Closed;
    detail::wake_all(segment_.header());
  });
}

TEST_P(Waiting, ReplacementIsNoticedWithoutAWake) {
  wait_until([&] { segment_.control().generation = 2; });
}

INSTANTIATE_TEST_SUITE_P(Protocols, Waiting,
                         testing::Values(WakeProtocol::Fence, WakeProtocol::Membarrier),
                         [](const auto& parameter) {
                           return parameter.param == WakeProtocol::Fence ? "Fence" : "Membarrier";
                         });

/// The word that names the version after which readers sleep.
class Waiters : public testing::Test {
 protected:
  Waiters() : segment_(raw_channel("memory", 8)), publisher_(segment_.publisher()) {
    segment_.control().wake_protocol = static_cast<std::uint32_t>(WakeProtocol::Fence);
  }
  void publish() {
    EXPECT_TRUE(publisher_.publish(segment_.geometry(), [](std::byte*) {}));
  }
  [[nodiscard]] std::uint64_t waiters() { return segment_.control().waiters.load(); }

  MemorySegment segment_;
  detail::StatePublisher publisher_;
};

TEST_F(Waiters, SleeperThatDiedCostsOneWake) {
  publish();
  segment_.control().waiters = 3;  // as left behind by a reader killed asleep after version 2
  publish();
  EXPECT_EQ(waiters(), 0U);
}

TEST_F(Waiters, WhoWaitsForTheNextPublishIsNotForgotten) {
  publish();
  segment_.control().waiters = 3;
  detail::wake_waiters(segment_.header(), segment_.control(), 2);
  EXPECT_EQ(waiters(), 3U) << "it has seen version 2, and waits for a later one";
}

TEST_F(Waiters, NewestVersionIsNamed) {
  ReaderEntry entry;
  const auto wait = [&](std::uint64_t seen, std::chrono::nanoseconds timeout = 100us) {
    static_cast<void>(detail::wait({.header = &segment_.header(),
                                    .control = &segment_.control(),
                                    .entry = &entry,
                                    .seen_version = seen,
                                    .last_seen = detail::epoch_of(segment_.control())},
                                   timeout));
  };
  wait(0);
  EXPECT_EQ(waiters(), 1U);
  segment_.header().version = 2;
  wait(2);
  EXPECT_EQ(waiters(), 3U) << "no reader sleeps after version 0 any more";
  // It has no time to check the version before it announces that it sleeps.
  wait(0, 0ns);
  EXPECT_EQ(waiters(), 3U) << "it has fallen behind, and need not wait";
}

class WaitForChange : public testing::Test {
 protected:
  WaitForChange() {
    auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()});
    if (!writer) throw std::runtime_error(writer.error().message);
    writer_.emplace(std::move(*writer));
  }

  [[nodiscard]] RawStateReader attach() const {
    auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
    if (!reader) throw std::runtime_error(reader.error().message);
    return std::move(*reader);
  }
  /// Readers that are asleep or about to sleep.
  [[nodiscard]] std::uint32_t waiters() const {
    const auto info = inspect_segment(directory_.domain(), "probe");
    if (!info) throw std::runtime_error(info.error().message);
    return static_cast<std::uint32_t>(
        std::count_if(info->readers.begin(), info->readers.end(),
                      [](const AttachedReader& reader) { return reader.sleeping; }));
  }
  void await_waiters(std::uint32_t count) const {
    while (waiters() != count) std::this_thread::yield();
  }

  TemporaryDomain directory_;
  std::optional<RawStateWriter> writer_;
};

TEST_F(WaitForChange, ReturnsAtOnceAfterAPublishThatWasNotRead) {
  RawStateReader reader = attach();
  writer_->write(bytes_of(std::uint64_t{1}));
  EXPECT_TRUE(reader.wait_for_change(kForEver));
  EXPECT_TRUE(reader.wait_for_change(kForEver)) << "still not read";
  EXPECT_EQ(read_number(reader), "1");
  EXPECT_FALSE(reader.wait_for_change(0ns));
}

TEST_F(WaitForChange, ReturnsFalseAtTheTimeout) {
  RawStateReader reader = attach();
  EXPECT_FALSE(reader.wait_for_change(1ms));
  EXPECT_FALSE(reader.wait_for_change(-1ms));
  EXPECT_EQ(waiters(), 0U);
}

TEST_F(WaitForChange, ReturnsWhenAnotherThreadPublishes) {
  RawStateReader reader = attach();
  for (std::uint64_t n = 1; n <= 50; ++n) {
    std::thread publisher([&] {
      if (n % 2 == 0) await_waiters(1);  // asleep or about to sleep; otherwise a deliberate race
      writer_->write(bytes_of(n));
    });
    EXPECT_TRUE(reader.wait_for_change(kForEver));
    publisher.join();
    EXPECT_EQ(read_number(reader), std::to_string(n));
  }
  EXPECT_EQ(waiters(), 0U);
}

TEST_F(WaitForChange, WakesEveryReader) {
  constexpr std::uint32_t kReaders = 5;
  std::atomic<std::uint32_t> woken{0};
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kReaders; ++i) {
    threads.emplace_back([&] {
      RawStateReader reader = attach();
      if (reader.wait_for_change(kForEver)) ++woken;
    });
  }
  await_waiters(kReaders);
  writer_->write(bytes_of(std::uint64_t{1}));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(woken, kReaders);
}

TEST_F(WaitForChange, ReturnsWhenTheWriterCloses) {
  RawStateReader reader = attach();
  std::thread closer([&] {
    await_waiters(1);
    writer_.reset();
  });
  EXPECT_FALSE(reader.wait_for_change(kForEver)) << "nothing was published";
  closer.join();
  EXPECT_EQ(to_string(reader.writer_state()), "Closed");
  EXPECT_FALSE(reader.wait_for_change(20ms)) << "and nothing will be";
}

TEST_F(WaitForChange, LastPublishBeforeTheCloseIsNotMissed) {
  RawStateReader reader = attach();
  std::thread closer([&] {
    await_waiters(1);
    writer_->write(bytes_of(std::uint64_t{9}));
    writer_.reset();
  });
  EXPECT_TRUE(reader.wait_for_change(kForEver));
  closer.join();
  EXPECT_EQ(read_number(reader), "9");
}

/// The wait that reports the publish does not report the close, so the next one does.
TEST_F(WaitForChange, ADeathFoundBeforeAWaitEndsItAndNotTheNext) {
  auto reader = attach();
  constexpr std::uint64_t kFoundAtNs = 5;
  poke(control_path(directory_.domain(), "probe"), offsetof(ControlFile, found_dead_ns),
       kFoundAtNs);
  const std::uint64_t start = monotonic_ns();
  EXPECT_FALSE(reader.wait_for_change(kForEver));
  EXPECT_LT(std::chrono::nanoseconds(monotonic_ns() - start), kForEver) << "the death was missed";
  const std::uint64_t again = monotonic_ns();
  EXPECT_FALSE(reader.wait_for_change(20ms));
  EXPECT_GE(std::chrono::nanoseconds(monotonic_ns() - again), 20ms) << "it was reported before";
  poke(control_path(directory_.domain(), "probe"), offsetof(ControlFile, found_dead_ns),
       std::uint64_t{0});
  const std::uint64_t taken_over = monotonic_ns();
  EXPECT_FALSE(reader.wait_for_change(20ms));
  EXPECT_GE(std::chrono::nanoseconds(monotonic_ns() - taken_over), 20ms) << "a takeover is no news";
}

TEST_F(WaitForChange, CloseRightAfterAPublishEndsTheNextWait) {
  auto reader = detail::ReaderAttachment::await({.name = "probe"}, {.domain = directory_.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  const auto publish_and_close = [&] {
    if (!writer_) return true;
    writer_->write(bytes_of(std::uint64_t{9}));
    writer_.reset();
    return false;  // as seen just before the publish
  };
  EXPECT_TRUE((*reader)->sleep_until(publish_and_close, kForEver));
  const std::uint64_t start = monotonic_ns();
  EXPECT_FALSE((*reader)->sleep_until([] { return false; }, kForEver));
  EXPECT_LT(std::chrono::nanoseconds(monotonic_ns() - start), kForEver) << "the close was missed";
}

TEST_F(WaitForChange, SleeperOutlivesATakeover) {
  writer_.reset();
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
  RawStateReader reader = attach();
  EXPECT_EQ(read_number(reader), "3");
  std::thread successor([&] {
    await_waiters(1);
    auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()});
    ASSERT_TRUE(writer) << message_of(writer);
    writer->write(bytes_of(std::uint64_t{4}));
    writer_.emplace(std::move(*writer));
  });
  EXPECT_TRUE(reader.wait_for_change(kForEver));
  successor.join();
  EXPECT_EQ(read_number(reader), "4");
}

TEST_F(WaitForChange, ReaderKilledInItsSleepIsForgottenByItsSuccessor) {
  Child child([&]() -> std::string {
    RawStateReader reader = attach();
    static_cast<void>(reader.wait_for_change(kForEver));
    return "woken";
  });
  await_waiters(1);
  child.kill();
  EXPECT_EQ(waiters(), 0U) << "dead readers do not sleep";
  const RawStateReader reader = attach();
  EXPECT_EQ(waiters(), 0U);
}

}  // namespace
}  // namespace evo::test
