// SPDX-License-Identifier: Apache-2.0
/// Every option has a default, and users rely on these.
#include "evo/options.hpp"

#include <gtest/gtest.h>

namespace evo::test {
namespace {

TEST(Options, Defaults) {
  const WriterOptions writer;
  EXPECT_EQ(writer.domain, Domain::from_environment());
  EXPECT_EQ(writer.on_orphan, OnOrphan::TakeOver);
  const ReaderOptions reader;
  EXPECT_EQ(reader.domain, Domain::from_environment());
  EXPECT_EQ(reader.wait, std::chrono::nanoseconds(0));
  EXPECT_EQ(reader.retries, 128U);
  for (const MemoryOptions& memory : {writer.memory, reader.memory}) {
    EXPECT_TRUE(memory.prefault);
    EXPECT_FALSE(memory.lock);
    EXPECT_FALSE(memory.huge_pages);
    EXPECT_EQ(memory.numa_node, -1);
  }
}

TEST(Options, AreGivenByName) {
  using namespace std::chrono_literals;
  const ReaderOptions reader{.wait = 2s, .memory = {.prefault = false}, .retries = 3};
  EXPECT_EQ(reader.wait, 2s);
  EXPECT_FALSE(reader.memory.prefault);
  EXPECT_EQ(reader.retries, 3U);
  const WriterOptions writer{.domain = Domain("/d"), .on_orphan = OnOrphan::Refuse};
  EXPECT_EQ(writer.domain.path(), "/d");
}

}  // namespace
}  // namespace evo::test
