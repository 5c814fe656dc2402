// SPDX-License-Identifier: Apache-2.0
#include "evo/testing/published.hpp"

#include <gtest/gtest.h>

#include <alarm.evo.hpp>
#include <probe.evo.hpp>
#include <sstream>

#include "evo/testing/scripted_writer.hpp"
#include "evo/testing/test_domain.hpp"

using namespace std::chrono_literals;
using evo::probe::Probe;
using evo::probe::ProbeWriter;
using evo::test::Alarm;
using evo::test::AlarmWriter;
using evo::testing::published;
using evo::testing::ScriptedWriter;
using evo::testing::TestDomain;

namespace {

template <class Seen>
std::string text_of(const Seen& seen) {
  std::ostringstream text;
  text << seen;
  return text.str();
}

bool contains(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

TEST(Published, WithoutASegmentSaysSo) {
  const TestDomain domain;
  const auto seen = published<Probe>().within(1ms);
  EXPECT_FALSE(seen);
  EXPECT_TRUE(contains(text_of(seen), "cannot attach")) << seen;
}

TEST(Published, WithoutAValueSaysSo) {
  const TestDomain domain;
  const auto writer = std::move(ProbeWriter::create().value());
  const auto seen = published<Probe>().within(1ms);
  EXPECT_FALSE(seen);
  EXPECT_TRUE(contains(text_of(seen),
                       "probe: no value with any content within 1 ms; nothing was "
                       "published; the writer is Alive"))
      << seen;
  EXPECT_FALSE(published<Probe>().throughout(1ms)) << "silence proves nothing";
}

TEST(Published, TheLatestCounts) {
  const TestDomain domain;
  auto writer = std::move(ProbeWriter::create().value());
  writer.write({.cycle = 1});
  writer.write({.cycle = 2});
  const auto seen = published<Probe>().within(0ms);
  ASSERT_TRUE(seen) << seen;
  EXPECT_EQ(seen->cycle, 2U);
  EXPECT_EQ(seen.sequence, 2U);
  EXPECT_FALSE(published<Probe>().after(2).within(1ms));
  EXPECT_FALSE(published<Probe>().where([](const Probe& p) { return p.cycle == 1; }).within(1ms));
}

TEST(Published, WaitsForTheValueAcrossARestart) {
  const TestDomain domain;
  ScriptedWriter<Probe> writer;
  ASSERT_TRUE(writer.publish({.cycle = 1}));
  writer.close();
  writer.restart();
  writer.publish_every(1ms, {{.cycle = 5}, {.cycle = 6}});
  const auto seen =
      published<Probe>().where([](const Probe& p) { return p.cycle == 6; }).within(20s);
  ASSERT_TRUE(seen) << seen;
  EXPECT_EQ(seen->cycle, 6U);
}

TEST(Published, ThroughoutEndsWithTheFirstOtherValue) {
  const TestDomain domain;
  ScriptedWriter<Probe> writer;
  const auto below_five = [](const Probe& p) { return p.cycle < 5; };
  writer.publish_every(1ms, {{.cycle = 1}});
  const auto all = published<Probe>().where(below_five, "cycle < 5").throughout(30ms);
  EXPECT_TRUE(all) << all;
  EXPECT_GT(all.values, 0U);
  writer.publish_every(1ms, {{.cycle = 1}, {.cycle = 7}});
  const auto not_all = published<Probe>().where(below_five, "cycle < 5").throughout(20s);
  EXPECT_FALSE(not_all);
  EXPECT_EQ(not_all->cycle, 7U);
  EXPECT_TRUE(contains(text_of(not_all), "not only values with cycle < 5")) << not_all;
}

TEST(Published, OfAStreamEachValueCounts) {
  const TestDomain domain;
  auto writer = std::move(AlarmWriter::create().value());
  for (std::uint32_t i = 1; i <= 3; ++i) writer.push({.code = i});
  const auto second =
      published<Alarm>().where([](const Alarm& a) { return a.code == 2; }).within(1ms);
  ASSERT_TRUE(second) << second;
  EXPECT_EQ(second.sequence, 2U);
  EXPECT_EQ(second.values, 2U);
  EXPECT_FALSE(published<Alarm>().after(3).within(1ms));
}

}  // namespace
