// SPDX-License-Identifier: Apache-2.0
/// The typed writer, as generated.
#include "evo/state_writer.hpp"

#include <gtest/gtest.h>

#include <bulk.evo.hpp>
#include <counter.evo.hpp>
#include <probe.evo.hpp>

#include "file_bytes.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace evo::probe;

static_assert(std::is_move_constructible_v<ProbeWriter> && std::is_move_assignable_v<ProbeWriter>);
static_assert(!std::is_copy_constructible_v<ProbeWriter> &&
              !std::is_copy_assignable_v<ProbeWriter>);
static_assert(!std::is_copy_constructible_v<Loan<Probe>>);

class TypedState : public testing::Test {
 protected:
  TypedState()
      : writer_(std::move(ProbeWriter::create({.domain = directory_.domain()}).value())),
        reader_(std::move(ProbeReader::attach({.domain = directory_.domain()}).value())) {}

  /// The cycle of the latest value, or the error.
  std::string cycle() {
    const auto sample = reader_.read();
    return sample ? std::to_string(sample->value.cycle) : std::string(to_string(sample.error()));
  }

  TemporaryDomain directory_;
  ProbeWriter writer_;
  ProbeReader reader_;
};

TEST_F(TypedState, FencedOffItTouchesNoSlot) {
  writer_.write({.cycle = 1});
  poke(directory_.path() / "evo_probe.ctl", offsetof(ControlFile, incarnation),
       writer_.incarnation() + 1);
  const auto before = read_bytes(directory_.data_file());
  EXPECT_EQ(outcome(writer_.write({.cycle = 2})), "Fenced");
  EXPECT_EQ(outcome(writer_.update([](Probe& probe) { probe.cycle = 3; })), "Fenced");
  auto loan = writer_.loan();
  loan->cycle = 4;
  EXPECT_EQ(outcome(loan.publish()), "Fenced");
  EXPECT_EQ(read_bytes(directory_.data_file()), before);
}

TEST_F(TypedState, WriteTakesDesignatedInitialisers) {
  EXPECT_EQ(outcome(writer_.write({.cycle = 1,
                                   .mode = Mode::Running,
                                   .position = {.x = 1, .y = 2, .z = 3},
                                   .forces = {4, 5, 6, 7},
                                   .contact = true})),
            "ok");
  const auto sample = reader_.read();
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->value.cycle, 1U);
  EXPECT_EQ(sample->value.mode, Mode::Running);
  EXPECT_EQ(sample->value.position, (Point{1, 2, 3}));
  EXPECT_EQ(sample->value.forces, (std::array<float, 4>{4, 5, 6, 7}));
  EXPECT_TRUE(sample->value.contact);
  writer_.write({.cycle = 2});
  EXPECT_EQ(reader_.read()->value, (Probe{.cycle = 2})) << "everything else is zero";
}

TEST_F(TypedState, CurrentVersionIsTwiceTheSequence) {
  EXPECT_EQ(writer_.current_version(), 0U);
  for (std::uint64_t n = 1; n < 10; ++n) {
    writer_.write({.cycle = n});
    EXPECT_EQ(writer_.current_version(), 2 * n);
    EXPECT_EQ(reader_.read()->sequence, n);
  }
}

TEST_F(TypedState, UpdateStartsFromTheLastValue) {
  writer_.update([](Probe& probe) {
    EXPECT_EQ(probe, Probe{}) << "zeros before the first";
    probe.cycle = 10;
    probe.forces[2] = 3.5F;
  });
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(outcome(writer_.update([](Probe& probe) { ++probe.cycle; })), "ok");
  }
  const auto sample = reader_.read();
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->value.cycle, 20U);
  EXPECT_EQ(sample->value.forces[2], 3.5F);
  EXPECT_EQ(sample->sequence, 11U);
}

TEST_F(TypedState, UpdateThatThrowsPublishesNothing) {
  writer_.write({.cycle = 1});
  for (int i = 0; i < 10; ++i) {
    EXPECT_THROW(writer_.update([](Probe& probe) {
      probe.cycle = 666;
      throw std::runtime_error("changed its mind");
    }),
                 std::runtime_error);
    EXPECT_EQ(writer_.current_version(), 2U);
    EXPECT_EQ(cycle(), "1");
    EXPECT_FALSE(reader_.has_changed());
  }
  writer_.update([](Probe& probe) { ++probe.cycle; });
  EXPECT_EQ(cycle(), "2");
}

TEST_F(TypedState, LoanIsPublishedInPlace) {
  auto state = writer_.loan();
  *state = Probe{};
  state->cycle = 7;
  (*state).mode = Mode::Fault;
  EXPECT_EQ(cycle(), "NeverWritten");
  EXPECT_EQ(outcome(state.publish()), "ok");
  EXPECT_EQ(cycle(), "7");
  EXPECT_EQ(writer_.current_version(), 2U);
  EXPECT_EQ(outcome(state.publish()), "Fenced") << "the loan is used up";
  EXPECT_EQ(writer_.current_version(), 2U);
}

TEST_F(TypedState, LoanThatIsDroppedDidNothing) {
  writer_.write({.cycle = 1});
  for (int i = 0; i < 10; ++i) {
    {
      auto state = writer_.loan();
      state->cycle = 666;
    }
    EXPECT_EQ(writer_.current_version(), 2U);
    EXPECT_EQ(cycle(), "1");
  }
  writer_.write({.cycle = 2});
  EXPECT_EQ(cycle(), "2");
}

TEST_F(TypedState, NothingElseIsPublishedWhileALoanIsOut) {
  writer_.write({.cycle = 1});
  auto state = writer_.loan();
  *state = Probe{.cycle = 2};
  EXPECT_EQ(outcome(writer_.write({.cycle = 666})), "LoanOut");
  bool called = false;
  EXPECT_EQ(outcome(writer_.update([&](Probe&) { called = true; })), "LoanOut");
  EXPECT_FALSE(called);
  EXPECT_EQ(cycle(), "1");
  EXPECT_EQ(outcome(state.publish()), "ok");
  EXPECT_EQ(cycle(), "2");
  EXPECT_EQ(outcome(writer_.write({.cycle = 3})), "ok");
}

TEST_F(TypedState, SecondLoanGoesNowhere) {
  auto first = writer_.loan();
  *first = Probe{.cycle = 1};
  auto second = writer_.loan();
  *second = Probe{.cycle = 666};
  EXPECT_EQ(first->cycle, 1U);
  EXPECT_EQ(outcome(second.publish()), "LoanOut");
  EXPECT_EQ(outcome(first.publish()), "ok");
  EXPECT_EQ(cycle(), "1");
}

TEST_F(TypedState, UpdateWhoseFunctionWritesIsNoMix) {
  writer_.write({.cycle = 1, .mode = Mode::Idle});
  std::string inner;
  EXPECT_EQ(outcome(writer_.update([&](Probe& probe) {
              inner = outcome(writer_.write({.cycle = 666, .mode = Mode::Fault}));
              ++probe.cycle;
              inner += " " + cycle();
            })),
            "ok");
  EXPECT_EQ(inner, "LoanOut 1");
  EXPECT_EQ(reader_.read()->value, (Probe{.cycle = 2, .mode = Mode::Idle}));
}

TEST_F(TypedState, LoanIsEmptyOnceItIsSpentMovedOrItsWriterGone) {
  auto spent = writer_.loan();
  *spent = Probe{.cycle = 1};
  static_cast<void>(spent.publish());
  EXPECT_EQ(spent.operator->(), nullptr);
  auto state = writer_.loan();
  *state = Probe{.cycle = 2};
  auto moved = std::move(state);
  EXPECT_EQ(state.operator->(), nullptr);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(outcome(state.publish()), "Fenced");
  { const ProbeWriter gone = std::move(writer_); }
  EXPECT_EQ(moved.operator->(), nullptr);
  EXPECT_EQ(outcome(moved.publish()), "Fenced");
}

TEST_F(TypedState, LoanFollowsItsWriter) {
  auto state = writer_.loan();
  *state = Probe{.cycle = 1};
  ProbeWriter moved = std::move(writer_);
  EXPECT_EQ(outcome(moved.write({.cycle = 666})), "LoanOut");
  EXPECT_EQ(outcome(state.publish()), "ok");
  EXPECT_EQ(cycle(), "1");
  EXPECT_EQ(outcome(moved.write({.cycle = 2})), "ok");
}

TEST_F(TypedState, LoanThatIsAssignedToIsDropped) {
  auto first = writer_.loan();
  *first = Probe{.cycle = 1};
  first = writer_.loan();
  EXPECT_EQ(outcome(first.publish()), "LoanOut")
      << "the second was requested before the first was dropped";
  auto third = writer_.loan();
  *third = Probe{.cycle = 3};
  first = std::move(third);
  EXPECT_EQ(outcome(first.publish()), "ok");
  EXPECT_EQ(cycle(), "3");
}

TEST_F(TypedState, LoanMoves) {
  auto first = writer_.loan();
  *first = Probe{.cycle = 3};
  Loan<Probe> second = std::move(first);
  second->mode = Mode::Running;
  EXPECT_EQ(outcome(second.publish()), "ok");
  EXPECT_EQ(reader_.read()->value, (Probe{.cycle = 3, .mode = Mode::Running}));
}

TEST_F(TypedState, WriterMoves) {
  writer_.write({.cycle = 1});
  ProbeWriter moved = std::move(writer_);
  EXPECT_EQ(outcome(moved.update([](Probe& probe) { ++probe.cycle; })), "ok");
  EXPECT_EQ(cycle(), "2");
  EXPECT_GT(moved.incarnation(), 0U);
  EXPECT_TRUE(moved.memory().prefaulted);
}

TEST_F(TypedState, SecondWriterIsBusy) {
  EXPECT_EQ(outcome(ProbeWriter::create({.domain = directory_.domain()})), "SegmentBusy");
}

TEST_F(TypedState, ForkedChildIsFenced) {
  writer_.write({.cycle = 1});
  const ChildResult child = in_child([&]() -> std::string {
    std::string said = outcome(writer_.write({.cycle = 2}));
    said += " " + outcome(writer_.update([](Probe& probe) { ++probe.cycle; }));
    auto state = writer_.loan();
    state->cycle = 3;
    return said + " " + outcome(state.publish()) + " " + cycle();
  });
  EXPECT_EQ(child.text, "Fenced Fenced Fenced Detached");
  EXPECT_EQ(cycle(), "1");
}

TEST(TypedWriter, OfALargePayload) {
  const TemporaryDomain directory;
  auto writer = BulkWriter::create({.domain = directory.domain()});
  auto reader = BulkReader::attach({.domain = directory.domain()});
  ASSERT_TRUE(writer && reader);
  Bulk bulk{};
  bulk.words.fill(5);
  bulk.last = 6;
  writer->write(bulk);
  EXPECT_EQ(reader->read()->value, bulk);
  writer->update([](Bulk& next) { ++next.words[511]; });
  bulk.words[511] = 6;
  EXPECT_EQ(reader->read()->value, bulk);
  auto loan = writer->loan();
  loan->words.fill(9);
  loan->last = 10;
  EXPECT_EQ(outcome(loan.publish()), "ok");
  EXPECT_EQ(*reader->last(), 10U);
}

TEST(TypedWriter, OfTwoSlots) {
  const TemporaryDomain directory;
  auto writer = CounterWriter::create({.domain = directory.domain()});
  auto reader = CounterReader::attach({.domain = directory.domain()});
  ASSERT_TRUE(writer && reader);
  for (std::uint64_t n = 1; n < 10; ++n) {
    writer->update([&](Counter& counter) {
      EXPECT_EQ(counter.a, n - 1);
      counter = {n, n, n};
    });
    EXPECT_EQ(reader->read()->value, (Counter{n, n, n}));
  }
}

}  // namespace
}  // namespace evo::test
