// SPDX-License-Identifier: Apache-2.0
#include "demo/display.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "common/consistency.hpp"
#include "temporary_domain.hpp"

namespace evo::machine {
namespace {

using Lines = std::vector<std::string>;

TEST(Display, KeepsATableThatFits) {
  const Lines table{"one", "two", "three"};
  EXPECT_EQ(fitted(table, 5, 4), table);
}

TEST(Display, CutsWithASign) {
  EXPECT_EQ(fitted({"segment   writer", "control   alive"}, 10, 24),
            (Lines{"segment  …", "control  …"}));
}

TEST(Display, StaysAboveTheCursorOfALowTerminal) {
  const Lines table{"a", "b", "c", "d", "e", "f"};
  EXPECT_EQ(fitted(table, 80, 5),
            (Lines{"a", "b", "c", "  3 more lines; make the terminal taller"}));
  EXPECT_EQ(fitted(table, 80, 1).size(), 1U);
}

/// Every value is as wide as it can become in a day.
TEST(Display, TheTableFitsTheCommonTerminal) {
  const test::TemporaryDomain directory;
  auto hal = cell::hal::PhysInputIoWriter::create({.domain = directory.domain()}).value();
  cell::hal::PhysInputIo input;
  input.hal_incarnation = 1'764'000'000'123'456;
  input.available = cell::hal::Counters::Cores | cell::hal::Counters::Load |
                    cell::hal::Counters::Memory | cell::hal::Counters::ContextSwitches |
                    cell::hal::Counters::Interrupts | cell::hal::Counters::Network;
  input.core_count = 64;
  std::fill(std::begin(input.core_busy), std::end(input.core_busy), 100.0F);
  input.load_average[0] = 128;
  input.memory_available = input.memory_total = std::uint64_t{512} << 30;
  input.context_switches = input.interrupts = 9'999'999'999;
  input.network_received = input.network_sent = 999'999'000'000;
  input.worker_share = 100;
  seal(input);
  hal.write(input);
  std::vector<std::string> kept;
  const Log log("display_test", kept);
  Monitor monitor(log, directory.domain());
  // The monitor only occasionally looks for a segment that is not attached.
  for (int look = 0; look < 5'000 && !monitor.segments().front().present; ++look) {
    ::usleep(1'000);
    monitor.poll();
  }
  const Lines lines =
      render_table(monitor, {.seconds = 9999, .total_seconds = 9999, .killed = true});
  EXPECT_LT(lines.size(), 23U) << "with the lines above the table";
  for (const std::string& line : lines) EXPECT_LE(line.size(), 80U) << line;
  const auto row = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("phys_input_io") != std::string::npos;
  });
  ASSERT_NE(row, lines.end());
  EXPECT_TRUE(row->ends_with("alive")) << *row;
}

}  // namespace
}  // namespace evo::machine
