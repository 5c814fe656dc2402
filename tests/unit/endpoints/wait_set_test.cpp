// SPDX-License-Identifier: Apache-2.0
/// What a wait set finds ready, and what happens to its members.
#include "evo/wait_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "child_process.hpp"
#include "evo/cleanup.hpp"
#include "evo/format.hpp"
#include "wait_set_fixture.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

class WaitSetReady : public WaitSetTest {};

TEST_F(WaitSetReady, AnEmptySetWaitsForItsTimeout) {
  WaitSet set;
  const std::uint64_t start = monotonic_ns();
  const Ready ready = set.wait(3ms);
  EXPECT_TRUE(ready.empty());
  EXPECT_EQ(ready.size(), 0U);
  EXPECT_FALSE(ready.has({}));
  EXPECT_GE(monotonic_ns() - start, 3'000'000U);
}

TEST_F(WaitSetReady, AStateIsReadyUntilItsValueIsRead) {
  auto out = writer("probe");
  auto in = reader("probe");
  WaitSet set;
  const WaitToken token = set.add(in).value();
  EXPECT_EQ(look(set, token), WaitReason::None);
  write(out, 1);
  EXPECT_EQ(look(set, token), WaitReason::Value);
  EXPECT_EQ(look(set, token), WaitReason::Value) << "it was not read yet";
  EXPECT_TRUE(set.wait(kLong).has(token));
  EXPECT_EQ(read_number(in), "1");
  EXPECT_TRUE(set.wait(0ns).empty());
}

TEST_F(WaitSetReady, AStreamIsReadyUntilItsLastValueIsTaken) {
  auto out = stream_writer("probe");
  auto in = stream_reader("probe");
  WaitSet set;
  const WaitToken token = set.add(in).value();
  std::uint64_t number = 0;
  EXPECT_EQ(look(set, token), WaitReason::None);
  for (std::uint64_t n = 1; n <= 2; ++n) EXPECT_TRUE(out.push(bytes_of(n)));
  EXPECT_TRUE(in.next(writable_bytes_of(number)));
  EXPECT_EQ(look(set, token), WaitReason::Value);
  EXPECT_TRUE(in.next(writable_bytes_of(number)));
  EXPECT_EQ(look(set, token), WaitReason::None);
}

TEST_F(WaitSetReady, TokensComeInTheOrderOfTheirAdding) {
  std::deque<RawStateWriter> out;
  std::deque<RawStateReader> in;
  std::vector<WaitToken> tokens;
  WaitSet set;
  for (const char* name : {"a", "b", "c"}) {
    out.push_back(writer(name));
    in.push_back(reader(name));
    tokens.push_back(set.add(in.back()).value());
  }
  write(out[2], 1);
  write(out[0], 1);
  const Ready ready = set.wait(kLong);
  EXPECT_EQ(std::vector(ready.begin(), ready.end()), (std::vector{tokens[0], tokens[2]}));
  EXPECT_EQ(ready.size(), 2U);
  EXPECT_FALSE(ready.has(tokens[1]));
}

TEST_F(WaitSetReady, ACloseIsReportedOnceAfterTheLastValue) {
  auto out = std::make_optional<RawStateWriter>(writer("probe"));
  auto in = reader("probe");
  WaitSet set;
  const WaitToken token = set.add(in).value();
  write(*out, 1);
  out.reset();
  EXPECT_EQ(look(set, token), WaitReason::Value);
  EXPECT_EQ(read_number(in), "1");
  EXPECT_EQ(look(set, token), WaitReason::WriterClosed);
  EXPECT_EQ(look(set, token), WaitReason::None);
}

TEST_F(WaitSetReady, EachDeathIsReportedOnce) {
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 1);
  auto in = reader("probe");
  EXPECT_EQ(read_number(in), "1");
  WaitSet set;
  const WaitToken token = set.add(in).value();
  EXPECT_EQ(set.wait(kLong).why(token), WaitReason::WriterDied);
  // Longer than the pause between two looks at the writer.
  EXPECT_TRUE(set.wait(250ms).empty()) << "the same writer is still dead";
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 1);
  EXPECT_EQ(set.wait(kLong).why(token), WaitReason::Value);
  EXPECT_EQ(read_number(in), "1");
  EXPECT_EQ(set.wait(kLong).why(token), WaitReason::WriterDied) << "its successor died, too";
}

TEST_F(WaitSetReady, ACleanupReportsNoDeathAgain) {
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 1);
  auto in = reader("probe");
  EXPECT_EQ(read_number(in), "1");
  WaitSet set;
  const WaitToken token = set.add(in).value();
  EXPECT_EQ(set.wait(kLong).why(token), WaitReason::WriterDied);
  ASSERT_TRUE(cleanup_orphaned_segments(directory_.domain(), {.grace = 0s}));
  EXPECT_EQ(in.writer_state(), WriterState::Dead);
  EXPECT_EQ(look(set, token), WaitReason::None);
}

TEST_F(WaitSetReady, ACleanupThatComesFirstReportsTheDeath) {
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 1);
  auto in = reader("probe");
  EXPECT_EQ(read_number(in), "1");
  WaitSet set;
  const WaitToken token = set.add(in).value();
  ASSERT_TRUE(cleanup_orphaned_segments(directory_.domain(), {.grace = 0s}));
  EXPECT_EQ(set.wait(kLong).why(token), WaitReason::WriterDied);
  EXPECT_TRUE(set.wait(250ms).empty());
}

TEST_F(WaitSetReady, AReplacedSegmentIsReportedOnceAndFollowedAfterReattach) {
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 1);
  auto in = reader("probe");
  WaitSet set;
  const WaitToken token = set.add(in).value();
  auto out = writer("probe", OnOrphan::Replace);
  EXPECT_EQ(look(set, token), WaitReason::Replaced) << "its unread value cannot be read any more";
  EXPECT_EQ(look(set, token), WaitReason::None);
  ASSERT_TRUE(in.reattach());
  EXPECT_EQ(look(set, token), WaitReason::None);
  write(out, 2);
  EXPECT_EQ(set.wait(kLong).why(token), WaitReason::Value);
  EXPECT_EQ(read_number(in), "2");
}

TEST_F(WaitSetReady, AStreamThatWasReplacedGivesItsLastValuesFirst) {
  auto out = std::make_optional(stream_writer("probe"));
  auto in = stream_reader("probe");
  WaitSet set;
  const WaitToken token = set.add(in).value();
  const std::uint64_t number = 1;
  ASSERT_TRUE(out->push(bytes_of(number)));
  out.reset();
  out.emplace(stream_writer("probe"));
  EXPECT_EQ(look(set, token), WaitReason::Value);
  std::uint64_t taken = 0;
  ASSERT_TRUE(in.next(writable_bytes_of(taken)));
  EXPECT_EQ(look(set, token), WaitReason::Replaced);
  EXPECT_EQ(look(set, token), WaitReason::None);
}

class WaitSetMembers : public WaitSetTest {
 protected:
  WaitSetMembers() : out_(writer("probe")) { write(out_, 1); }

  RawStateWriter out_;
};

TEST_F(WaitSetMembers, AReaderMayMove) {
  auto first = std::make_optional<RawStateReader>(reader("probe"));
  WaitSet set;
  const WaitToken token = set.add(*first).value();
  RawStateReader second = std::move(*first);
  first.reset();
  EXPECT_EQ(look(set, token), WaitReason::Value);
  EXPECT_EQ(read_number(second), "1");
  EXPECT_EQ(look(set, token), WaitReason::None);
  RawStateReader third = reader("probe");
  third = std::move(second);
  write(out_, 2);
  EXPECT_EQ(look(set, token), WaitReason::Value);
  EXPECT_EQ(read_number(third), "2");
  EXPECT_EQ(look(set, token), WaitReason::None);
}

TEST_F(WaitSetMembers, AReaderThatIsAssignedToStays) {
  RawStateReader in = reader("probe");
  WaitSet set;
  const WaitToken token = set.add(in).value();
  EXPECT_EQ(read_number(in), "1");
  EXPECT_EQ(look(set, token), WaitReason::None);
  in = reader("probe");
  EXPECT_EQ(look(set, token), WaitReason::Value) << "the new reader has read nothing";
}

TEST_F(WaitSetMembers, OfTwoMembersTheOneThatIsAssignedLeavesAndTheOtherTakesItsPlace) {
  RawStateReader first = reader("probe");
  RawStateReader second = reader("probe");
  WaitSet set;
  const WaitToken of_first = set.add(first).value();
  const WaitToken of_second = set.add(second).value();
  first = std::move(second);
  const Ready ready = set.wait(0ns);
  EXPECT_FALSE(ready.has(of_first));
  EXPECT_TRUE(ready.has(of_second));
  EXPECT_EQ(read_number(first), "1");
  EXPECT_TRUE(set.wait(0ns).empty());
}

TEST_F(WaitSetMembers, AReaderMayBeDestroyed) {
  auto in = std::make_optional<RawStateReader>(reader("probe"));
  WaitSet set;
  const WaitToken token = set.add(*in).value();
  EXPECT_EQ(look(set, token), WaitReason::Value);
  const Ready before = set.wait(0ns);
  in.reset();
  EXPECT_FALSE(before.has(token));
  EXPECT_TRUE(set.wait(0ns).empty());
  RawStateReader other = reader("probe");
  const WaitToken of_other = set.add(other).value();
  EXPECT_NE(token, of_other);
  EXPECT_EQ(look(set, token), WaitReason::None) << "its place is another reader's";
  EXPECT_EQ(look(set, of_other), WaitReason::Value);
  set.remove(token);
  EXPECT_EQ(look(set, of_other), WaitReason::Value) << "a token that is gone removes nothing";
}

TEST_F(WaitSetMembers, TheSetMayChangeWhileItsReadyTokensAreVisited) {
  std::deque<std::optional<RawStateReader>> in;
  WaitSet set;
  std::vector<WaitToken> tokens;
  for (int i = 0; i < 4; ++i) {
    in.emplace_back(reader("probe"));
    tokens.push_back(set.add(*in.back()).value());
  }
  std::vector<WaitToken> visited;
  for (const WaitToken token : set.wait(0ns)) {
    visited.push_back(token);
    if (token == tokens[0]) set.remove(token);
    if (token == tokens[1]) in[1].reset();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(set.add_cycle(1h));
  }
  EXPECT_EQ(visited, tokens);
  EXPECT_EQ(set.wait(0ns).size(), 2U);
}

TEST_F(WaitSetMembers, AReaderMayOutliveTheSet) {
  RawStateReader in = reader("probe");
  {
    WaitSet set;
    ASSERT_TRUE(set.add(in));
  }
  WaitSet next;
  const auto token = next.add(in);
  ASSERT_TRUE(token) << message_of(token);
  EXPECT_EQ(look(next, *token), WaitReason::Value);
}

TEST_F(WaitSetMembers, ATokenMayBeRemoved) {
  RawStateReader in = reader("probe");
  WaitSet set;
  const WaitToken token = set.add(in).value();
  set.remove(token);
  EXPECT_TRUE(set.wait(0ns).empty());
  set.remove(token);
  set.remove({});
  EXPECT_TRUE(set.add(in)) << "it can be added again";
}

TEST_F(WaitSetMembers, AReaderIsInOneSetOnly) {
  RawStateReader in = reader("probe");
  WaitSet set;
  WaitSet other;
  ASSERT_TRUE(set.add(in));
  for (WaitSet* again : {&set, &other}) {
    const auto refused = again->add(in);
    EXPECT_EQ(outcome(refused), "Unsupported");
    EXPECT_EQ(message_of(refused),
              "this reader of segment 'probe' is already in a wait set; remove its token there "
              "first");
  }
}

TEST_F(WaitSetMembers, AsManyAsTheKernelHasWordsFor) {
  ChannelDescription channel = raw_channel("crowd", 8);
  channel.max_readers = 1 + WaitSet::kMostReaders;
  auto out = RawStateWriter::create(channel, {.domain = directory_.domain()}).value();
  std::deque<RawStateReader> in;
  WaitSet set;
  for (std::size_t i = 0; i < WaitSet::kMostReaders; ++i) {
    in.push_back(reader("crowd"));
    const auto added = set.add(in.back());
    ASSERT_TRUE(added) << message_of(added);
  }
  in.push_back(reader("crowd"));
  EXPECT_EQ(message_of(set.add(in.back())),
            "a wait set holds 128 readers at most; wait for the others in another thread");
  std::thread publisher([&] {
    std::this_thread::sleep_for(20ms);
    write(out, 1);
  });
  EXPECT_EQ(set.wait(kLong).size(), WaitSet::kMostReaders);
  publisher.join();
}

TEST_F(WaitSetMembers, InAForkedChildReadersAreReplaced) {
  RawStateReader in = reader("probe");
  WaitSet set;
  const WaitToken token = set.add(in).value();
  const ChildResult child = Child([&]() -> std::string {
                              std::string told(to_string(set.wait(kLong).why(token)));
                              told += set.wait(1ms).empty() ? ", once" : ", again";
                              return told;
                            }).join();
  EXPECT_EQ(child.text, "Replaced, once");
  EXPECT_EQ(look(set, token), WaitReason::Value);
}

TEST_F(WaitSetMembers, ALongPeriodWithAPhaseIsNoOverflow) {
  WaitSet set;
  EXPECT_TRUE(set.add_cycle(std::chrono::nanoseconds::max(), {.phase = 1ms}));
  EXPECT_TRUE(set.wait(0ns).empty());
}

TEST(WaitReason, HasATextForEach) {
  std::string all;
  for (int i = 0; i <= 7; ++i) all += fmt::format("{} ", static_cast<WaitReason>(i));
  EXPECT_EQ(all, "None Value WriterDied WriterClosed Replaced Cycle Readable ? ");
}

}  // namespace
}  // namespace evo::test
