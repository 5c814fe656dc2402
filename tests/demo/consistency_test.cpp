// SPDX-License-Identifier: Apache-2.0
#include "common/consistency.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "phys_input_io.evo.hpp"

namespace evo::machine {
namespace {

TEST(Consistency, EveryWordCounts) {
  cell::hal::PhysInputIo value{.cycle = 7, .worker_share = 12.5F};
  EXPECT_FALSE(is_consistent(value));
  seal(value);
  ASSERT_TRUE(is_consistent(value));
  for (std::size_t offset = 0; offset < sizeof(value); offset += sizeof(std::uint64_t)) {
    cell::hal::PhysInputIo torn = value;
    reinterpret_cast<unsigned char*>(&torn)[offset] ^= 1U;
    EXPECT_FALSE(is_consistent(torn)) << offset;
  }
}

}  // namespace
}  // namespace evo::machine
