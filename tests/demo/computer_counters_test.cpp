// SPDX-License-Identifier: Apache-2.0
#include "hal_core/computer_counters.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "temporary_domain.hpp"

namespace evo::machine {
namespace {

using cell::hal::Counters;

/// A directory that looks like /proc.
class ComputerCountersTest : public testing::Test {
 protected:
  void write(const std::filesystem::path& name, const std::string& text) {
    std::filesystem::create_directories((directory_.path() / name).parent_path());
    std::ofstream(directory_.path() / name) << text;
  }
  CounterReader reader() { return CounterReader(directory_.path()); }

 private:
  test::TemporaryDomain directory_;
};

TEST_F(ComputerCountersTest, WhatAKernelLacksIsAbsent) {
  const ComputerCounters counters = reader().read();
  EXPECT_EQ(counters.available, Counters{});
  EXPECT_EQ(counters.core_count, 0);
}

TEST_F(ComputerCountersTest, ReadsEachFile) {
  write("stat", "cpu 9 9 9 9\ncpu0 10 0 10 80 0 0 0 0\nintr 1234 5 6\nctxt 99\n");
  write("loadavg", "0.50 1.25 2.00 1/100 4711\n");
  write("meminfo", "MemTotal:  100 kB\nMemFree: 1 kB\nMemAvailable: 60 kB\n");
  write("net/dev",
        "Inter-|   Receive\n face |bytes\n    lo: 7 1 1 1 1 1 1 1 7 1 1 1 1 1 1 1\n"
        "  eth0: 1000 1 1 1 1 1 1 1 500 1 1 1 1 1 1 1\nwlan0:20 1 1 1 1 1 1 1 5 1 1 1 1 1 1 1\n");
  const ComputerCounters counters = reader().read();
  EXPECT_EQ(counters.available, Counters::Load | Counters::Memory | Counters::ContextSwitches |
                                    Counters::Interrupts | Counters::Network);
  EXPECT_EQ(counters.interrupts, 1234U);
  EXPECT_EQ(counters.context_switches, 99U);
  EXPECT_EQ(counters.load_average, (std::array<float, 3>{0.5F, 1.25F, 2.0F}));
  EXPECT_EQ(counters.memory_total, 100U * 1024);
  EXPECT_EQ(counters.memory_available, 60U * 1024);
  EXPECT_EQ(counters.network_received, 1020U);
  EXPECT_EQ(counters.network_sent, 505U);
}

TEST_F(ComputerCountersTest, CoresAreBusySinceTheReadingBefore) {
  CounterReader counters = reader();
  write("stat", "cpu0 10 0 10 80 0 0 0 0\ncpu1 0 0 0 100 0 0 0 0\n");
  EXPECT_FALSE(contains(counters.read().available, Counters::Cores));
  write("stat", "cpu0 40 0 30 120 10 0 0 0\ncpu1 0 0 0 200 0 0 0 0\n");
  const ComputerCounters second = counters.read();
  ASSERT_TRUE(contains(second.available, Counters::Cores));
  EXPECT_EQ(second.core_count, 2);
  EXPECT_FLOAT_EQ(second.core_busy[0], 50);  // 50 of 100 ticks; waiting for a disk is not busy
  EXPECT_FLOAT_EQ(second.core_busy[1], 0);

  write("stat", "cpu0 41 0 30 120 10 0 0 0\n");  // a core went offline: nothing to compare with
  EXPECT_FALSE(contains(counters.read().available, Counters::Cores));
}

TEST_F(ComputerCountersTest, DamagedFilesAreAbsentToo) {
  write("stat", "cpu0 x\nintr\nctxt no\n");
  write("loadavg", "0.5\n");
  write("meminfo", "MemTotal: 100 pages\nMemAvailable: 60 kB\n");
  write("net/dev", "a\nb\neth0: 1 2 3\n");
  EXPECT_EQ(reader().read().available, Counters{});
}

}  // namespace
}  // namespace evo::machine
