// SPDX-License-Identifier: Apache-2.0
#include "evo/testing/kill_points.hpp"

#include <gtest/gtest.h>

#include <probe.evo.hpp>

#include "evo/testing/published.hpp"
#include "evo/testing/test_domain.hpp"

using namespace std::chrono_literals;
using evo::probe::Probe;
using evo::probe::ProbeWriter;
using evo::testing::kill_at_every_instruction;
using evo::testing::published;
using evo::testing::TestDomain;

namespace {

TEST(KillPoints, EveryInstructionOfAPublish) {
  const TestDomain domain;
  std::uint64_t old_values = 0;
  std::uint64_t new_values = 0;
  std::size_t last = 0;
  const auto points = kill_at_every_instruction(
      [](const auto& mark) {
        auto writer = std::move(ProbeWriter::create().value());
        writer.write({.cycle = 1, .forces = {1, 1, 1, 1}});
        mark();
        writer.write({.cycle = 2, .forces = {2, 2, 2, 2}});
        mark();
      },
      [&](std::size_t instructions) {
        const auto seen = published<Probe>().within(20s);
        ASSERT_TRUE(seen) << seen;
        const bool is_old = *seen == Probe{.cycle = 1, .forces = {1, 1, 1, 1}};
        const bool is_new = *seen == Probe{.cycle = 2, .forces = {2, 2, 2, 2}};
        EXPECT_TRUE(is_old || is_new) << "torn after " << instructions << " instructions";
        ++(is_new ? new_values : old_values);
        last = instructions;
      });
  EXPECT_GT(points.instructions, 10U);
  EXPECT_EQ(points.kills, old_values + new_values);
  EXPECT_EQ(last, points.instructions) << "the last kill comes after the publish";
  EXPECT_GT(old_values, 0U);
  EXPECT_GT(new_values, 0U);
}

TEST(KillPoints, ABodyThatFailsIsReported) {
  const auto nothing = [](std::size_t) {};
  EXPECT_THROW(
      kill_at_every_instruction([](const auto&) { throw std::runtime_error("no"); }, nothing),
      std::runtime_error);
}

}  // namespace
