// SPDX-License-Identifier: Apache-2.0
/// Bools for which another process stored a byte that is neither 0 nor 1: the typed endpoints
/// return true.
#include "evo/detail/bools.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <gantry.evo.hpp>
#include <new>
#include <probe.evo.hpp>
#include <switches.evo.hpp>
#include <vector>

#include "evo/raw_state_writer.hpp"
#include "evo/raw_stream_writer.hpp"
#include "outcome.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using detail::has_strange_bool;
using detail::kHoldsBools;
using detail::kTrue;
using detail::settle_bools;

static_assert(kHoldsBools<Panel> && kHoldsBools<wiring::Row> && kHoldsBools<bool>);
static_assert(kHoldsBools<std::array<std::array<wiring::Row, 2>, 3>>);
static_assert(!kHoldsBools<probe::Point> && !kHoldsBools<probe::Mode> && !kHoldsBools<std::byte>);
static_assert(!kHoldsBools<std::array<probe::Point, 2>>);

/// A generated struct may have any name; within it, that name is a type.
struct value_type {
  bool on;
};
constexpr void for_each_bool(const value_type& value, auto&& visit) {
  visit(value.on);
}
static_assert(kHoldsBools<value_type> && kHoldsBools<std::array<value_type, 2>>);

constexpr std::byte kStrange{6};

TEST(Bools, OfAStructThatIsNamedLikeAMemberOfAnArray) {
  alignas(value_type) std::byte bytes[sizeof(value_type)] = {kStrange};
  auto& value = *reinterpret_cast<value_type*>(bytes);
  settle_bools(value);
  EXPECT_EQ(bytes[0], kTrue);
}

template <class T>
std::vector<std::byte> strange_bytes() {
  return std::vector<std::byte>(sizeof(T), kStrange);
}

/// How many bools of the value are true, including nested ones.
template <class T>
int number_of_true(const T& value) {
  int number = 0;
  detail::visit_bools(value, [&](const bool& each) { number += detail::byte_of(each) == kTrue; });
  return number;
}

constexpr int kBoolsOfRow = 3 + 1;
constexpr int kBoolsOfPanel = 1 + 9 + 3 * kBoolsOfRow;
constexpr int kBoolsOfPress = 1 + kBoolsOfRow;

TEST(Bools, EachByteAboveOneIsStrangeInEachPlace) {
  for (std::size_t at = 0; at < sizeof(wiring::Row); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      wiring::Row row;
      std::memset(reinterpret_cast<std::byte*>(&row) + at, byte, 1);
      const bool is_count = at == offsetof(wiring::Row, count);
      ASSERT_EQ(has_strange_bool(row), !is_count && byte > 1) << at << ' ' << byte;
      settle_bools(row);
      ASSERT_FALSE(has_strange_bool(row));
      ASSERT_EQ(number_of_true(row), !is_count && byte != 0 ? 1 : 0) << at << ' ' << byte;
      ASSERT_EQ(row.count, is_count ? byte : 0);
    }
  }
}

TEST(Bools, OnlyBoolsAreSettled) {
  Panel panel;
  std::memset(static_cast<void*>(&panel), 6, sizeof(panel));
  panel.lamps[4] = false;
  settle_bools(panel);
  EXPECT_EQ(number_of_true(panel), kBoolsOfPanel - 1);
  EXPECT_FALSE(panel.lamps[4]);
  EXPECT_EQ(panel.cycle, 0x0606060606060606U);
  EXPECT_EQ(panel.rows[1].count, 6);
  EXPECT_EQ(panel.padding_0_[0], 6);
}

TEST(Bools, ValueWithoutStrangeBoolsIsNotStored) {
  void* const page =
      ::mmap(nullptr, sizeof(Panel), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  auto* const panel = new (page) Panel{.powered = true, .rows = {{{.locked = true}, {}}}};
  ASSERT_EQ(::mprotect(page, sizeof(Panel), PROT_READ), 0);
  settle_bools(*panel);  // a store would raise SIGSEGV
  EXPECT_EQ(number_of_true(*panel), 2);
  EXPECT_EQ(::munmap(page, sizeof(Panel)), 0);
}

/// A typed reader of a state whose bytes are written untyped.
template <class Reader, class Channel>
class States : public testing::Test {
 protected:
  using Value = typename Channel::Value;

  States() { write(strange_bytes<Value>()); }
  void write(std::span<const std::byte> bytes) { EXPECT_EQ(outcome(writer_.write(bytes)), "ok"); }

  TemporaryDomain directory_;
  RawStateWriter writer_ =
      RawStateWriter::create(describe<Channel>(), {.domain = directory_.domain()}).value();
  Reader reader_ = Reader::attach({.domain = directory_.domain()}).value();
};

using StrangeProbe = States<probe::ProbeReader, probe::ProbeChannel>;
using StrangePanel = States<PanelReader, PanelChannel>;
using StrangeSealedPanel = States<SealedPanelReader, SealedPanelChannel>;
using StrangeGantry = States<gantry::GantryReader, gantry::GantryChannel>;

TEST_F(StrangeProbe, BoolIsTrueInTheField) {
  const auto contact = reader_.contact();
  ASSERT_TRUE(contact);
  EXPECT_EQ(detail::byte_of(*contact), kTrue);
  EXPECT_TRUE(*contact);
  EXPECT_FALSE(!*contact);
  write(std::vector<std::byte>(sizeof(Value)));
  EXPECT_EQ(reader_.contact(), false);
}

TEST_F(StrangeProbe, BoolIsTrueInTheValue) {
  const auto sample = reader_.read();
  ASSERT_TRUE(sample);
  EXPECT_EQ(number_of_true(sample->value), 1);
  EXPECT_TRUE(sample->value.contact);
  EXPECT_FALSE(!sample->value.contact);
  Value value;
  ASSERT_TRUE(reader_.read_into(value));
  EXPECT_EQ(number_of_true(value), 1);
  EXPECT_EQ(value, sample->value);
}

TEST_F(StrangeProbe, EnumKeepsTheNumber) {
  EXPECT_EQ(static_cast<int>(reader_.mode().value()), 6);
  EXPECT_EQ(to_string(reader_.mode().value()), "?");
}

TEST_F(StrangePanel, BoolsAreTrueInArraysAndStructs) {
  const auto sample = reader_.read();
  ASSERT_TRUE(sample);
  EXPECT_EQ(number_of_true(sample->value), kBoolsOfPanel);
  EXPECT_EQ(sample->value.cycle, 0x0606060606060606U);
  EXPECT_EQ(detail::byte_of(reader_.powered().value()), kTrue);
  EXPECT_EQ(number_of_true(reader_.lamps().value()), 9);
  EXPECT_EQ(number_of_true(reader_.first().value()), kBoolsOfRow);
  EXPECT_EQ(number_of_true(reader_.rows().value()), 2 * kBoolsOfRow);
}

TEST_F(StrangeSealedPanel, BoolsAreTrueBehindAChecksum) {
  EXPECT_EQ(number_of_true(reader_.read().value().value), kBoolsOfPress);
  EXPECT_EQ(detail::byte_of(reader_.powered().value()), kTrue);
  EXPECT_EQ(number_of_true(reader_.row().value()), kBoolsOfRow);
}

TEST_F(StrangeGantry, BoolsOfAnArrayOfStructsAreTrue) {
  EXPECT_EQ(number_of_true(reader_.read().value().value), 3);
  EXPECT_EQ(number_of_true(reader_.axes().value()), 3);
}

TEST(StrangeUpdate, BoolIsTrueInTheLastValue) {
  const TemporaryDomain directory;
  const WriterOptions options{.domain = directory.domain()};
  auto writer = probe::ProbeWriter::create(options).value();
  // A takeover starts with such bytes if the former writer stored them.
  {
    auto loan = writer.loan();
    std::memset(static_cast<void*>(&*loan), 6, sizeof(probe::Probe));
    ASSERT_TRUE(loan.publish());
  }
  int seen = 0;
  ASSERT_TRUE(writer.update([&](probe::Probe& value) { seen = number_of_true(value); }));
  EXPECT_EQ(seen, 1);
}

struct OfPresses {
  using Channel = PressChannel;
  using Reader = PressReader;
};
struct OfTouches {
  using Channel = TouchChannel;
  using Reader = TouchReader;
};

/// A stream whose views are in place, and an overwriting one.
template <class Stream>
class StrangeStream : public testing::Test {
 protected:
  using Value = typename Stream::Channel::Value;

  void push(std::span<const std::byte> bytes) { EXPECT_EQ(outcome(writer_.push(bytes)), "ok"); }
  void push_strange() { push(strange_bytes<Value>()); }
  void push_sane() { push(std::as_bytes(std::span(&kSane, 1))); }

  static constexpr Value kSane{.down = true, .row = {.locked = true}};
  TemporaryDomain directory_;
  RawStreamWriter writer_ =
      RawStreamWriter::create(describe<typename Stream::Channel>(), {.domain = directory_.domain()})
          .value();
  typename Stream::Reader reader_ = Stream::Reader::attach({.domain = directory_.domain()}).value();
};

using Streams = testing::Types<OfPresses, OfTouches>;
TYPED_TEST_SUITE(StrangeStream, Streams);

TYPED_TEST(StrangeStream, NextGivesTrue) {
  this->push_strange();
  this->push_sane();
  const auto item = this->reader_.next();
  ASSERT_TRUE(item);
  EXPECT_EQ(number_of_true(item->value), kBoolsOfPress);
  EXPECT_TRUE(item->value.down);
  EXPECT_FALSE(!item->value.down);
  EXPECT_EQ(item->value.row.count, 6);
  EXPECT_EQ(this->reader_.next()->value, this->kSane);
}

TYPED_TEST(StrangeStream, NextBatchGivesTrue) {
  this->push_strange();
  this->push_sane();
  this->push_strange();
  std::array<typename TestFixture::Value, 4> values;
  ASSERT_EQ(this->reader_.next_batch(values), 3U);
  EXPECT_EQ(number_of_true(values[0]), kBoolsOfPress);
  EXPECT_EQ(values[1], this->kSane);
  EXPECT_EQ(number_of_true(values[2]), kBoolsOfPress);
}

TYPED_TEST(StrangeStream, ViewShowsTrue) {
  this->push_strange();
  this->push_sane();
  const auto strange = this->reader_.view();
  const auto sane = this->reader_.view();
  ASSERT_TRUE(strange && sane);
  EXPECT_EQ(number_of_true(**strange), kBoolsOfPress);
  EXPECT_TRUE((*strange)->down);
  EXPECT_FALSE(!(*strange)->down);
  EXPECT_EQ((*strange)->row.count, 6);
  EXPECT_EQ(strange->sequence(), 1U);
  EXPECT_TRUE(strange->still_valid());
  EXPECT_EQ(**sane, this->kSane);
  EXPECT_EQ(sane->sequence(), 2U);
  EXPECT_EQ(this->reader_.lost(), 0U);
}

TYPED_TEST(StrangeStream, WithNextShowsTrue) {
  this->push_strange();
  int seen = 0;
  EXPECT_TRUE(this->reader_.with_next([&](const auto& value) { seen = number_of_true(value); }));
  EXPECT_EQ(seen, kBoolsOfPress);
  EXPECT_FALSE(this->reader_.with_next([](const auto& /*value*/) {}));
}

TYPED_TEST(StrangeStream, ValueThatWasGivenBackIsShownAgain) {
  this->push_strange();
  this->reader_.view()->give_back();
  const auto view = this->reader_.view();
  ASSERT_TRUE(view);
  EXPECT_EQ(number_of_true(**view), kBoolsOfPress);
  EXPECT_EQ(view->sequence(), 1U);
}

}  // namespace
}  // namespace evo::test
