// SPDX-License-Identifier: Apache-2.0
/// Views: each value is shown once or counts as lost, whatever happens to the views.
#include "evo/view.hpp"

#include <gtest/gtest.h>

#include <alarm.evo.hpp>
#include <optional>
#include <stdexcept>
#include <vector>

#include "outcome.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

/// A blocking stream, an overwriting one, and one whose views are copies.
struct OfAlarms {
  using Writer = AlarmWriter;
  using Reader = AlarmReader;
  static Alarm make(std::uint64_t n) { return {.code = static_cast<std::uint32_t>(n)}; }
  static std::uint64_t number(const Alarm& value) { return value.code; }
};
struct OfTraces {
  using Writer = TraceWriter;
  using Reader = TraceReader;
  static Trace make(std::uint64_t n) { return {.step = n}; }
  static std::uint64_t number(const Trace& value) { return value.step; }
};
struct OfSealed {
  using Writer = SealedWriter;
  using Reader = SealedReader;
  static Sealed make(std::uint64_t n) { return {.number = n}; }
  static std::uint64_t number(const Sealed& value) { return value.number; }
};

template <class Stream>
class ViewTest : public testing::Test {
 protected:
  void push(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(writer_.push(Stream::make(++pushed_)));
  }
  template <class Shown>
  static std::uint64_t number(const Shown& view) {
    return Stream::number(**view);
  }

  TemporaryDomain directory_;
  typename Stream::Writer writer_ = Stream::Writer::create({.domain = directory_.domain()}).value();
  typename Stream::Reader reader_ = Stream::Reader::attach({.domain = directory_.domain()}).value();
  std::uint64_t pushed_ = 0;
};

using Streams = testing::Types<OfAlarms, OfTraces, OfSealed>;
TYPED_TEST_SUITE(ViewTest, Streams);

TYPED_TEST(ViewTest, LoopOverViewsShowsEachValueOnce) {
  std::vector<std::uint64_t> seen;
  for (int turn = 0; turn < 3; ++turn) {
    this->push(3);
    for (auto view = this->reader_.view(); view; view = this->reader_.view()) {
      seen.push_back(this->number(view));
    }
  }
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(this->reader_.lost(), 0U);
  EXPECT_EQ(this->reader_.lag(), 0U);
}

TYPED_TEST(ViewTest, TwoViewsShowTwoValues) {
  this->push(3);
  auto first = this->reader_.view();
  auto second = this->reader_.view();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(this->number(first), 1U);
  EXPECT_EQ(this->number(second), 2U);
  std::swap(first, second);
  EXPECT_EQ(this->number(first), 2U);
  EXPECT_EQ(this->number(second), 1U);
  EXPECT_TRUE(first->still_valid() && second->still_valid());
  first.reset();
  EXPECT_EQ(this->number(second), 1U);
  second.reset();
  EXPECT_EQ(this->number(this->reader_.view()), 3U);
}

TYPED_TEST(ViewTest, NextTakesWhatIsBehindTheView) {
  this->push(3);
  const auto view = this->reader_.view();
  EXPECT_EQ(TypeParam::number(this->reader_.next()->value), 2U);
  EXPECT_EQ(this->number(view), 1U);
  EXPECT_EQ(TypeParam::number(this->reader_.next()->value), 3U);
  EXPECT_FALSE(this->reader_.next());
}

TYPED_TEST(ViewTest, ManyViewsMayBeOut) {
  this->push(4);
  std::vector<std::optional<View<std::decay_t<decltype(TypeParam::make(1))>>>> views;
  while (auto view = this->reader_.view()) views.push_back(std::move(view));
  ASSERT_EQ(views.size(), 4U);
  for (std::uint64_t n = 1; n <= 4; ++n) EXPECT_EQ(this->number(views[n - 1]), n);
}

TYPED_TEST(ViewTest, MovedViewIsTheOnlyOne) {
  this->push(2);
  auto view = this->reader_.view();
  auto moved = std::move(*view);
  EXPECT_EQ(TypeParam::number(*moved), 1U);
  EXPECT_EQ(view->operator->(), nullptr);
  EXPECT_FALSE(view->still_valid());
  view->release();
  EXPECT_EQ(TypeParam::number(*moved), 1U);
  moved = std::move(*this->reader_.view());
  EXPECT_EQ(TypeParam::number(*moved), 2U);
  auto& same = moved;
  moved = std::move(same);
  EXPECT_EQ(TypeParam::number(*moved), 2U) << "assigned to itself";
}

TYPED_TEST(ViewTest, GivenBackItIsTheNextOneAgain) {
  this->push(2);
  this->reader_.view()->give_back();
  auto view = this->reader_.view();
  EXPECT_EQ(this->number(view), 1U);
  view->give_back();
  view->give_back();
  EXPECT_EQ(TypeParam::number(this->reader_.next()->value), 1U);
  EXPECT_EQ(TypeParam::number(this->reader_.next()->value), 2U);
  EXPECT_EQ(this->reader_.lost(), 0U);
}

TYPED_TEST(ViewTest, GivenBackTooLateItCountsAsLost) {
  this->push(3);
  auto view = this->reader_.view();
  ASSERT_TRUE(this->reader_.next());
  view->give_back();
  const auto item = this->reader_.next();
  EXPECT_EQ(TypeParam::number(item->value), 3U);
  EXPECT_EQ(item->lost, 1U);
  EXPECT_EQ(this->reader_.lost(), 1U);
}

TYPED_TEST(ViewTest, WhatWasLostBeforeAValueComesAgainWithIt) {
  this->push(3);
  this->reader_.seek_to(1);
  for (int i = 0; i < 12; ++i)
    static_cast<void>(this->writer_.push(TypeParam::make(++this->pushed_)));
  try {
    this->reader_.with_next([](const auto&) { throw std::runtime_error("no"); });
  } catch (const std::runtime_error&) {
  }
  auto view = this->reader_.view();
  EXPECT_EQ(view->lost(), this->reader_.lost());
  const std::uint64_t before = view->lost();
  view->give_back();
  EXPECT_EQ(this->reader_.view()->lost(), before);
}

TYPED_TEST(ViewTest, ExceptionInANestedCallLosesNothingUncounted) {
  this->push(3);
  EXPECT_THROW(this->reader_.with_next([&](const auto& value) {
    EXPECT_EQ(TypeParam::number(value), 1U);
    EXPECT_TRUE(this->reader_.with_next([&](const auto& inner) {
      EXPECT_EQ(TypeParam::number(inner), 2U);
      EXPECT_EQ(TypeParam::number(value), 1U) << "each view shows its own value";
    }));
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  const auto item = this->reader_.next();
  EXPECT_EQ(TypeParam::number(item->value), 3U);
  EXPECT_EQ(item->lost, 1U);
}

TYPED_TEST(ViewTest, ViewFollowsItsReader) {
  this->push(2);
  const auto view = this->reader_.view();
  auto moved = std::move(this->reader_);
  EXPECT_TRUE(view->still_valid());
  EXPECT_EQ(this->number(view), 1U);
  EXPECT_EQ(TypeParam::number(moved.next()->value), 2U);
}

TYPED_TEST(ViewTest, ViewOfAReaderThatIsGoneIsEmpty) {
  this->push(1);
  auto view = this->reader_.view();
  { const auto gone = std::move(this->reader_); }
  EXPECT_EQ(view->operator->(), nullptr);
  EXPECT_FALSE(view->still_valid());
  view->give_back();
}

TYPED_TEST(ViewTest, AttachingAgainEmptiesTheViews) {
  this->push(2);
  auto view = this->reader_.view();
  ASSERT_TRUE(this->reader_.reattach());
  EXPECT_EQ(view->operator->(), nullptr);
  view->release();
  EXPECT_EQ(TypeParam::number(this->reader_.next()->value), 2U);
}

class BlockedByViews : public ViewTest<OfAlarms> {};

TEST_F(BlockedByViews, WriterWaitsForTheOldest) {
  push(4);
  auto first = reader_.view();
  auto second = reader_.view();
  ASSERT_TRUE(reader_.next());
  second.reset();
  EXPECT_FALSE(writer_.push({.code = 5})) << "the first view still holds its value";
  EXPECT_EQ(number(first), 1U);
  first.reset();
  pushed_ = 4;
  push(3);
  EXPECT_FALSE(writer_.push({.code = 8}));
  EXPECT_EQ(reader_.lost(), 0U);
}

TEST_F(BlockedByViews, SeekingDoesNotLetGoOfAView) {
  push(4);
  const auto view = reader_.view();
  reader_.seek_latest();
  EXPECT_FALSE(writer_.push({.code = 5}));
  EXPECT_EQ(number(view), 1U);
  EXPECT_EQ(reader_.next()->value.code, 4U);
}

}  // namespace
}  // namespace evo::test
