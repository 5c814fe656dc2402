// SPDX-License-Identifier: Apache-2.0
#include "evo/detail/state_observer.hpp"

#include <gtest/gtest.h>

#include "evo/format.hpp"
#include "memory_segment.hpp"
#include "segments.hpp"

namespace evo::test {
namespace {

class Observer : public testing::Test {
 protected:
  Observer() : segment_(raw_channel("memory", 8)), publisher_(segment_.publisher()) {}

  void publish(std::uint64_t value) {
    const auto done = publisher_.publish(segment_.geometry(), [&](std::byte* payload) {
      detail::copy_to_shared(payload, &value, sizeof value);
    });
    ASSERT_TRUE(done);
  }
  static std::string read(const detail::StateObserver& observer) {
    std::uint64_t value = 0;
    const auto n = observer.read([&](const detail::ReaderSlot& slot) {
      detail::copy_from_shared(&value, slot.payload(), sizeof value);
    });
    return n ? fmt::format("{} of publish {}", value, *n) : std::string(to_string(n.error()));
  }

  MemorySegment segment_;
  detail::StatePublisher publisher_;
};

TEST_F(Observer, ReadsTheLastPublish) {
  const detail::StateObserver observer = segment_.observer();
  EXPECT_EQ(read(observer), "NeverWritten");
  EXPECT_EQ(observer.version(), 0U);
  for (std::uint64_t n = 1; n < 10; ++n) {
    publish(n * 11);
    EXPECT_EQ(read(observer), fmt::format("{} of publish {}", n * 11, n));
    EXPECT_EQ(observer.version(), 2 * n);
  }
  EXPECT_EQ(observer.retried(), 0U);
}

TEST_F(Observer, NeverWrittenWhileTheFirstPublishIsUnderWay) {
  static_cast<void>(publisher_.begin(segment_.geometry()));
  EXPECT_EQ(read(segment_.observer()), "NeverWritten");
}

TEST_F(Observer, ReadsThePublishedValueWhileTheNextIsUnderWay) {
  publish(5);
  static_cast<void>(publisher_.begin(segment_.geometry()));
  EXPECT_EQ(read(segment_.observer(0)), "5 of publish 1");
}

TEST_F(Observer, OtherGenerationDetaches) {
  publish(5);
  const detail::StateObserver observer = segment_.observer();
  EXPECT_FALSE(observer.is_detached());
  segment_.control().generation = 2;
  EXPECT_TRUE(observer.is_detached());
  EXPECT_EQ(read(observer), "Detached");
  segment_.control().generation = 1;
  segment_.control().incarnation = 2;
  EXPECT_EQ(read(observer), "5 of publish 1") << "a takeover in place does not";
}

TEST_F(Observer, TriesAgainAsOftenAsItMay) {
  publish(5);
  segment_.version_of(1) = detail::filling_version(5);
  for (const std::uint32_t retries : {0U, 1U, 7U}) {
    const detail::StateObserver observer = segment_.observer(retries);
    EXPECT_EQ(read(observer), "Contended");
    EXPECT_EQ(observer.retried(), retries);
    EXPECT_EQ(read(observer), "Contended");
    EXPECT_EQ(observer.retried(), 2 * retries) << "total of all reads";
  }
}

TEST_F(Observer, OvertakenCopyIsMadeAgainOfTheNewerPublish) {
  publish(1);
  const detail::StateObserver observer = segment_.observer();
  int copies = 0;
  std::uint64_t value = 0;
  const auto n = observer.read([&](const detail::ReaderSlot& slot) {
    if (++copies == 1) {
      for (std::uint64_t next = 2; next <= 5; ++next) publish(next);  // once around the ring
    }
    detail::copy_from_shared(&value, slot.payload(), sizeof value);
  });
  ASSERT_TRUE(n);
  EXPECT_EQ(*n, 5U);
  EXPECT_EQ(value, 5U);
  EXPECT_EQ(copies, 2);
  EXPECT_EQ(observer.retried(), 1U);
}

TEST_F(Observer, WriterThatDoesNotComeAroundDisturbsNoCopy) {
  publish(1);
  std::uint64_t value = 0;
  const detail::StateObserver observer = segment_.observer(0);
  const auto n = observer.read([&](const detail::ReaderSlot& slot) {
    for (std::uint64_t next = 2; next <= 4; ++next) publish(next);
    detail::copy_from_shared(&value, slot.payload(), sizeof value);
  });
  ASSERT_TRUE(n);
  EXPECT_EQ(*n, 1U);
  EXPECT_EQ(value, 1U);
}

TEST_F(Observer, ImpossibleVersionsEndInAnError) {
  publish(1);
  const detail::StateObserver attached_before = segment_.observer(3);
  EXPECT_EQ(read(attached_before), "1 of publish 1");
  for (const std::uint64_t version :
       {std::uint64_t{4}, ~std::uint64_t{0}, std::uint64_t{1} << 63, ~std::uint64_t{0} - 1}) {
    segment_.header().version = version;
    EXPECT_EQ(read(segment_.observer(3)), "Contended") << version;
    EXPECT_EQ(read(attached_before), "1 of publish 1") << "it reads by the slots";
  }
}

TEST_F(Observer, FindsAPublishThatTheHeaderDoesNotNameYet) {
  const detail::StateObserver early = segment_.observer();
  for (std::uint64_t n = 1; n < 10; ++n) {
    publish(n * 11);
    segment_.header().version = detail::complete_version(n - 1);
    EXPECT_EQ(read(early), fmt::format("{} of publish {}", n * 11, n));
    EXPECT_EQ(early.version(), 2 * n) << "never less than what it has read";
    const detail::StateObserver late = segment_.observer();
    EXPECT_EQ(late.version(), 2 * n - 2);
    EXPECT_EQ(read(late), fmt::format("{} of publish {}", n * 11, n))
        << "one reader must not see an older value than another has seen before";
    segment_.header().version = detail::complete_version(n);
  }
}

TEST_F(Observer, CatchesUpFromAnyDistance) {
  std::uint64_t n = 0;
  for (std::uint64_t step = 1; step < 20; ++step) {
    const detail::StateObserver observer = segment_.observer(0);
    publish(++n);
    EXPECT_EQ(read(observer), fmt::format("{0} of publish {0}", n));
    EXPECT_FALSE(observer.has_after(n));
    for (std::uint64_t i = 0; i < step; ++i) publish(++n);
    EXPECT_TRUE(observer.has_after(n - step)) << step;
    EXPECT_EQ(read(observer), fmt::format("{0} of publish {0}", n)) << step;
    EXPECT_FALSE(observer.has_after(n));
  }
}

TEST_F(Observer, WhatIsUnderWayIsNoChange) {
  for (std::uint64_t n = 1; n < 10; ++n) {
    const detail::StateObserver observer = segment_.observer(0);
    publish(n);
    EXPECT_EQ(read(observer), fmt::format("{0} of publish {0}", n));
    static_cast<void>(publisher_.begin(segment_.geometry()));
    EXPECT_FALSE(observer.has_after(n));
    EXPECT_EQ(read(observer), fmt::format("{0} of publish {0}", n));
    publisher_.abandon();
  }
}

}  // namespace
}  // namespace evo::test
