// SPDX-License-Identifier: Apache-2.0
/// evo-shm wait-for and assert.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <gantry.evo.hpp>
#include <thread>

#include "evo/clock.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using gantry::AxisState;
using gantry::Gantry;
using gantry::GantryWriter;
using gantry::Power;

class Expect : public ToolTest {
 protected:
  void expect_answer(int code, std::vector<std::string> arguments,
                     std::string_view said = {}) const {
    const std::string shown = fmt::format("{}", fmt::join(arguments, " "));
    const ToolAnswer answer = run(std::move(arguments));
    EXPECT_EQ(answer.code, code) << shown << "\n" << answer.err;
    EXPECT_EQ(answer.out, "") << shown;
    EXPECT_NE(answer.err.find(said), std::string::npos) << shown << "\n" << answer.err;
    if (code == 0) {
      EXPECT_EQ(answer.err, "") << shown;
    }
  }
  void expect_holds(const std::string& condition) const {
    expect_answer(0, {"assert", "gantry", "--field", condition});
  }
  void expect_not(const std::string& condition, std::string_view said) const {
    expect_answer(1, {"assert", "gantry", "--field", condition}, said);
  }
};

TEST_F(Expect, ALiveWriterIsEnough) {
  const auto writer = GantryWriter::create({.domain = domain()}).value();
  expect_answer(0, {"assert", "gantry"});
  expect_answer(0, {"wait-for", "gantry"});
}

TEST_F(Expect, ADeadWriterIsNot) {
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  expect_answer(1, {"assert", "probe"}, "its writer is dead");
  expect_answer(6, {"wait-for", "probe", "--timeout", "50ms"}, "its writer is dead");
}

TEST_F(Expect, ConditionsAreInTheWordsOfTheSchema) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  Gantry value{.cycle = 7, .power = Power::Drives, .offset = -3};
  value.axes[1] = {.position = 12.5, .velocity = 0.1F, .state = AxisState::Moving, .homed = true};
  writer.write(value);
  expect_holds("cycle==7");
  expect_holds("cycle = 7");
  expect_holds("cycle!=8");
  expect_holds("offset<-2");
  expect_holds("offset<=-3");
  expect_holds("offset>-4");
  expect_holds("axes[1].position>=12.5 mm");
  expect_holds("axes[1].position>=12.5mm");
  expect_holds("axes[1].velocity==0.1");
  expect_holds("axes[1].state==Moving");
  expect_holds("axes[1].homed==true");
  expect_holds("power==Drives");
  expect_holds("temperatures[3]==0");
  expect_not("cycle==8", "cycle is 7, not ==8");
  expect_not("offset>=-2", "offset is -3, not >=-2");
  expect_not("axes[1].state!=Moving", "axes[1].state is Moving, not !=Moving");
  expect_not("power==Vacuum", "power is Drives, not ==Vacuum");
  expect_not("axes[1].position<12.5", "axes[1].position is 12.5, not <12.5");
}

TEST_F(Expect, AllConditionsMustHold) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 7, .offset = -3});
  expect_answer(0, {"assert", "gantry", "--field", "cycle==7", "--field", "offset==-3"});
  expect_answer(1, {"assert", "gantry", "--field", "cycle==7", "--field", "offset==3"}, "offset");
  expect_answer(1, {"assert", "gantry", "--field", "cycle==8", "--field", "offset==-3"}, "cycle");
}

TEST_F(Expect, WhatCannotBeComparedIsAnErrorAtOnce) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({});
  for (const char* command : {"assert", "wait-for"}) {
    expect_answer(2, {command, "gantry", "--field", "cycle"}, "is not a condition");
    expect_answer(2, {command, "gantry", "--field", "==7"}, "is not a condition");
    expect_answer(2, {command, "gantry", "--field", "cycle=="}, "is not a condition");
    expect_answer(2, {command, "gantry", "--field", "cycle!7"}, "is not a condition");
    expect_answer(3, {command, "gantry", "--field", "cylce==7"}, "'cycle'");
    expect_answer(2, {command, "gantry", "--field", "cycle==many"}, "expected 0 to");
    expect_answer(2, {command, "gantry", "--field", "axes[0].state==Flying"}, "Moving");
    expect_answer(2, {command, "gantry", "--field", "axes[0].position>1 cm"}, "in mm");
    expect_answer(2, {command, "gantry", "--field", "temperatures==1"}, "temperatures[0]");
    expect_answer(2, {command, "gantry", "--field", "axes[0]==1"}, "axes[0].position");
  }
}

TEST_F(Expect, FreshIsNotOlderThanTheSchemaAllows) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  expect_answer(1, {"assert", "gantry", "--fresh"}, "Never");
  writer.write({});
  expect_answer(0, {"assert", "gantry", "--fresh"});
  poke(directory_.data_file(), offsetof(SegmentHeader, last_write_ns),
       monotonic_ns() - 120'000'000'000U);
  expect_answer(1, {"assert", "gantry", "--fresh"}, "not fresh: 2");
  expect_answer(0, {"assert", "gantry"});
}

TEST_F(Expect, WhatTheSchemaSaysNothingOfIsRefused) {
  auto raw = RawStateWriter::create(raw_channel("probe", 8), {.domain = domain()}).value();
  raw.write(bytes_of(std::uint64_t{1}));
  expect_answer(0, {"assert", "probe"});
  expect_answer(2, {"assert", "probe", "--fresh"}, "has no max_age");
  expect_answer(1, {"assert", "probe", "--field", "cycle==1"}, "carries no schema");
}

TEST_F(Expect, WaitsForWhatIsNotThereYet) {
  std::atomic<bool> waited{false};
  std::thread starter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    auto writer = GantryWriter::create({.domain = domain()}).value();
    for (std::uint64_t cycle = 0; cycle <= 10; ++cycle) {
      writer.write({.cycle = cycle});
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    while (!waited) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  expect_answer(0, {"wait-for", "gantry", "--fresh", "--field", "cycle>=10"});
  waited = true;
  starter.join();
}

TEST_F(Expect, WhatIsMissingIsTold) {
  expect_answer(3, {"assert", "gantry"}, "segment 'gantry' is not in domain");
  expect_answer(6, {"wait-for", "gantry", "--timeout", "50ms"}, "waited for 50 ms: NotFound: ");
  const auto writer = GantryWriter::create({.domain = domain()}).value();
  expect_answer(6, {"wait-for", "gatnry", "--timeout", "50ms"}, "did you mean 'gantry'?");
}

TEST_F(Expect, TheDomainNeedNotExistYet) {
  const std::string missing = (directory_.path() / "later").string();
  const ToolAnswer waited =
      run_program(EVO_SHM, {"--domain", missing, "wait-for", "gantry", "--timeout", "50ms"});
  EXPECT_EQ(waited.code, 6) << waited.err;
  EXPECT_FALSE(std::filesystem::exists(missing));
  EXPECT_EQ(run_program(EVO_SHM, {"--domain", missing, "assert", "gantry"}).code, 3);
}

}  // namespace
}  // namespace evo::test
