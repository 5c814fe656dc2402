// SPDX-License-Identifier: Apache-2.0
/// The scripted writer, seen by a generated reader.
#include "evo/testing/scripted_writer.hpp"

#include <gtest/gtest.h>

#include <alarm.evo.hpp>
#include <probe.evo.hpp>

#include "evo/testing/published.hpp"
#include "evo/testing/test_domain.hpp"

using namespace std::chrono_literals;
using evo::ErrorCode;
using evo::ReadError;
using evo::WriteError;
using evo::WriterState;
using evo::probe::Probe;
using evo::probe::ProbeReader;
using evo::testing::published;
using evo::testing::ScriptedWriter;
using evo::testing::TestDomain;

namespace {

class ScriptedProbe : public testing::Test {
 protected:
  ProbeReader attach() { return std::move(ProbeReader::attach().value()); }

  TestDomain domain_;
  ScriptedWriter<Probe> writer_;
};

TEST_F(ScriptedProbe, PublishesWhatItIsTold) {
  auto reader = attach();
  EXPECT_EQ(reader.read().error(), ReadError::NeverWritten);
  ASSERT_TRUE(writer_.publish({.cycle = 7, .forces = {1, 2, 3, 4}}));
  EXPECT_EQ(reader.read()->value, (Probe{.cycle = 7, .forces = {1, 2, 3, 4}}));
}

TEST_F(ScriptedProbe, PublishesAtARateAndRepeatsTheLast) {
  writer_.publish_every(1ms, {{.cycle = 1}, {.cycle = 2}, {.cycle = 3}});
  const auto last =
      published<Probe>().where([](const Probe& p) { return p.cycle == 3; }).within(20s);
  ASSERT_TRUE(last) << last;
  EXPECT_GE(last.sequence, 3U);
  const auto more = published<Probe>().after(last.sequence + 5).within(20s);
  ASSERT_TRUE(more) << more;
  EXPECT_EQ(more->cycle, 3U);
}

TEST_F(ScriptedProbe, IsAliveWhileItIsSilent) {
  writer_.publish_every(1ms, {{.cycle = 1}});
  ASSERT_TRUE(published<Probe>().within(20s));
  writer_.go_silent();
  auto reader = attach();
  const auto before = reader.read()->sequence;
  EXPECT_FALSE(reader.wait_for_change(20ms));
  EXPECT_EQ(reader.read()->sequence, before);
  EXPECT_EQ(reader.writer_state(), WriterState::Alive);
}

TEST_F(ScriptedProbe, DiesAndIsTakenOver) {
  ASSERT_TRUE(writer_.publish({.cycle = 1}));
  auto reader = attach();
  writer_.die();
  EXPECT_FALSE(writer_.alive());
  EXPECT_EQ(reader.writer_state(), WriterState::Dead);
  EXPECT_THROW(writer_.publish({}), std::runtime_error);
  writer_.restart();
  EXPECT_EQ(reader.writer_state(), WriterState::Alive);
  ASSERT_TRUE(writer_.publish({.cycle = 2}));
  EXPECT_EQ(reader.read()->value.cycle, 2U) << "the reader needs no new attach";
}

TEST_F(ScriptedProbe, DiesInThePublishAndLosesThatValueOnly) {
  ASSERT_TRUE(writer_.publish({.cycle = 1, .forces = {1, 1, 1, 1}}));
  auto reader = attach();
  writer_.die_in_publish({.cycle = 2, .forces = {2, 2, 2, 2}});
  EXPECT_EQ(reader.writer_state(), WriterState::Dead);
  EXPECT_EQ(reader.read()->value, (Probe{.cycle = 1, .forces = {1, 1, 1, 1}}));
}

TEST_F(ScriptedProbe, StoppedItIsNotDead) {
  auto reader = attach();
  writer_.publish_every(1ms, {{.cycle = 1}});
  ASSERT_TRUE(published<Probe>().within(20s));
  writer_.stop();
  const auto sequence = reader.read()->sequence;
  EXPECT_EQ(reader.writer_state(), WriterState::Alive);
  writer_.resume();
  EXPECT_TRUE(published<Probe>().after(sequence).within(20s));
}

TEST_F(ScriptedProbe, ClosesInOrder) {
  auto reader = attach();
  writer_.close();
  EXPECT_EQ(reader.writer_state(), WriterState::Closed);
  EXPECT_TRUE(writer_.alive());
  EXPECT_THROW(writer_.publish({}), std::runtime_error);
}

TEST_F(ScriptedProbe, ReplacedItIsFenced) {
  ASSERT_TRUE(writer_.publish({.cycle = 1}));
  auto reader = attach();
  auto former = writer_.replace();
  EXPECT_EQ(former.publish({.cycle = 2}).error(), WriteError::Fenced);
  EXPECT_EQ(reader.read().error(), ReadError::Detached);
  ASSERT_TRUE(writer_.publish({.cycle = 3}));
  ASSERT_TRUE(reader.reattach());
  EXPECT_EQ(reader.read()->value.cycle, 3U);
}

TEST_F(ScriptedProbe, WithAnotherLayoutItIsRefused) {
  writer_.change_layout();
  EXPECT_EQ(ProbeReader::attach().error().code, ErrorCode::SchemaMismatch);
  EXPECT_THROW(writer_.publish({}), std::runtime_error);
  writer_.restart();
  EXPECT_TRUE(ProbeReader::attach());
}

TEST_F(ScriptedProbe, ASecondOneIsRefusedWithTheReason) {
  try {
    const ScriptedWriter<Probe> second;
    FAIL() << "there are two writers";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("SegmentBusy"), std::string::npos) << error.what();
  }
}

TEST_F(ScriptedProbe, AWrongRateIsRefused) {
  EXPECT_THROW(writer_.publish_every(0ms, {Probe{}}), std::runtime_error);
  EXPECT_THROW(writer_.publish_every(1ms, std::span<const Probe>()), std::runtime_error);
}

TEST(ScriptedStream, PushesAndDies) {
  using evo::test::Alarm;
  const TestDomain domain;
  ScriptedWriter<Alarm> writer;
  auto reader = std::move(evo::test::AlarmReader::attach().value());
  for (std::uint32_t i = 1; i <= 4; ++i) ASSERT_TRUE(writer.publish({.code = i}));
  EXPECT_EQ(writer.publish({.code = 5}).error(), WriteError::WouldBlock);
  EXPECT_EQ(writer.publish({.code = 5}, 1ms).error(), WriteError::Timeout);
  EXPECT_THROW(writer.die_in_publish({}), std::runtime_error);
  ASSERT_TRUE(reader.next());
  writer.die_in_publish({.code = 6});
  for (std::uint32_t i = 2; i <= 4; ++i) EXPECT_EQ(reader.next()->value.code, i);
  EXPECT_FALSE(reader.next());
}

}  // namespace
