// SPDX-License-Identifier: Apache-2.0
#include "evo/testing/stepped_clock.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <probe.evo.hpp>

#include "evo/clock.hpp"
#include "evo/testing/scripted_writer.hpp"
#include "evo/testing/test_domain.hpp"

using namespace std::chrono_literals;
using evo::probe::Probe;
using evo::probe::ProbeReader;
using evo::probe::ProbeWriter;
using evo::testing::ScriptedWriter;
using evo::testing::SteppedClock;
using evo::testing::TestDomain;

namespace {

constexpr auto kHour = 3'600'000'000'000U;

TEST(SteppedClock, GoesForwardAndBackWithItsEnd) {
  const auto before = evo::monotonic_ns();
  {
    SteppedClock clock;
    EXPECT_LT(evo::monotonic_ns() - before, kHour);
    const auto steady = std::chrono::steady_clock::now();
    clock.advance(1h);
    clock.advance(1h);
    EXPECT_GE(evo::monotonic_ns() - before, 2 * kHour);
    EXPECT_GE(std::chrono::steady_clock::now() - steady, 2h);
    EXPECT_THROW(clock.advance(-1ns), std::runtime_error);
  }
  EXPECT_LT(evo::monotonic_ns() - before, kHour);
}

TEST(SteppedClock, ValuesAgeAndNewOnesAreFresh) {
  const TestDomain domain;
  SteppedClock clock;
  auto writer = std::move(ProbeWriter::create().value());
  auto reader = std::move(ProbeReader::attach().value());
  writer.write({.cycle = 1});
  EXPECT_TRUE(reader.read()->fresh());
  clock.advance(1h);
  EXPECT_FALSE(reader.read()->fresh());
  EXPECT_GE(reader.read()->age(), 1h);
  // Long enough for a writer that extrapolates its stamps to begin with that.
  const auto start = evo::monotonic_ns();
  while (evo::monotonic_ns() - start < 5'000'000U) writer.write({.cycle = 2});
  clock.advance(1h);
  writer.write({.cycle = 3});
  EXPECT_TRUE(reader.read()->fresh());
}

TEST(SteppedClock, GoesForAScriptedWriterToo) {
  const TestDomain domain;
  SteppedClock clock;
  ScriptedWriter<Probe> writer;
  auto reader = std::move(ProbeReader::attach().value());
  clock.advance(1h);
  ASSERT_TRUE(writer.publish({.cycle = 1}));
  EXPECT_TRUE(reader.read()->fresh());
  clock.advance(2s);
  EXPECT_FALSE(reader.read()->fresh());
}

}  // namespace
