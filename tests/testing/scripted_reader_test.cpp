// SPDX-License-Identifier: Apache-2.0
/// The scripted reader, as a writer meets it.
#include "evo/testing/scripted_reader.hpp"

#include <gtest/gtest.h>

#include <alarm.evo.hpp>
#include <probe.evo.hpp>

#include "evo/testing/test_domain.hpp"

using namespace std::chrono_literals;
using evo::WriteError;
using evo::probe::Probe;
using evo::probe::ProbeWriter;
using evo::test::Alarm;
using evo::test::AlarmWriter;
using evo::testing::ScriptedReader;
using evo::testing::TestDomain;

namespace {

TEST(ScriptedReader, ReadsTheLatestOfAState) {
  const TestDomain domain;
  auto writer = std::move(ProbeWriter::create().value());
  ScriptedReader<Probe> reader;
  EXPECT_FALSE(reader.read());
  writer.write({.cycle = 1});
  writer.write({.cycle = 2});
  EXPECT_EQ(reader.read()->cycle, 2U);
  EXPECT_EQ(reader.read()->cycle, 2U);
}

TEST(ScriptedReader, FindsTheSegmentThatWasCreatedAgain) {
  const TestDomain domain;
  auto writer = std::make_optional(std::move(ProbeWriter::create().value()));
  ScriptedReader<Probe> reader;
  writer->write({.cycle = 1});
  EXPECT_EQ(reader.read()->cycle, 1U);
  writer.reset();
  writer.emplace(std::move(ProbeWriter::create().value()));
  writer->write({.cycle = 2});
  EXPECT_EQ(reader.read()->cycle, 2U);
}

class SlowReader : public testing::Test {
 protected:
  WriteError fill() {
    while (true) {
      const auto pushed = writer_.push({.code = ++code_});
      if (!pushed) return pushed.error();
    }
  }

  TestDomain domain_;
  AlarmWriter writer_ = std::move(AlarmWriter::create().value());
  ScriptedReader<Alarm> reader_;
  std::uint32_t code_ = 0;
};

TEST_F(SlowReader, HoldsABlockingStreamUp) {
  EXPECT_EQ(fill(), WriteError::WouldBlock);
  EXPECT_EQ(reader_.read()->code, 1U);
  EXPECT_TRUE(writer_.push({.code = 99}));
}

TEST_F(SlowReader, ReadsAtARateUntilItGoesSilent) {
  reader_.read_every(1ms);
  EXPECT_EQ(fill(), WriteError::WouldBlock);
  EXPECT_TRUE(writer_.push({.code = 1}, 20s)) << "it makes room";
  reader_.go_silent();
  EXPECT_EQ(fill(), WriteError::WouldBlock);
  EXPECT_EQ(writer_.push({.code = 1}, 5ms).error(), WriteError::Timeout);
}

TEST_F(SlowReader, DeadItHoldsNothingUp) {
  EXPECT_EQ(fill(), WriteError::WouldBlock);
  reader_.die();
  EXPECT_TRUE(writer_.push({.code = 1}, 20s));
}

TEST_F(SlowReader, StoppedItIsNotDead) {
  EXPECT_EQ(fill(), WriteError::WouldBlock);
  reader_.stop();
  EXPECT_EQ(writer_.push({.code = 1}, 5ms).error(), WriteError::Timeout);
  reader_.resume();
  EXPECT_EQ(reader_.read()->code, 1U);
}

TEST_F(SlowReader, RestartsAtTheNewest) {
  reader_.close();
  EXPECT_THROW(reader_.read(), std::runtime_error);
  EXPECT_THROW(reader_.read_every(0ms), std::runtime_error);
  reader_.restart();
  EXPECT_TRUE(writer_.push({.code = 5}));
  EXPECT_EQ(reader_.read()->code, 5U);
}

TEST(ScriptedReader, WithoutASegmentSaysWhy) {
  const TestDomain domain;
  try {
    const ScriptedReader<Probe> reader(domain.domain(), 1ms);
    FAIL() << "there is nothing to attach to";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("Timeout"), std::string::npos) << error.what();
  }
}

}  // namespace
