// SPDX-License-Identifier: Apache-2.0
/// Readers that wait without sleeping.
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "evo/clock.hpp"
#include "wait_set_fixture.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

class Polling : public WaitSetTest {};

TEST_F(Polling, EndsWithAValue) {
  auto out = writer("probe");
  auto in = reader("probe");
  std::thread publisher([&] {
    std::this_thread::sleep_for(5ms);
    write(out, 1);
  });
  EXPECT_TRUE(in.poll_for_change(kLong));
  publisher.join();
  EXPECT_TRUE(in.poll_for_change(0ns)) << "it was not read yet";
  EXPECT_EQ(read_number(in), "1");
}

TEST_F(Polling, EndsWithTheTimeout) {
  auto out = writer("probe");
  auto in = reader("probe");
  const std::uint64_t start = monotonic_ns();
  EXPECT_FALSE(in.poll_for_change(2ms));
  EXPECT_GE(monotonic_ns() - start, 2'000'000U);
}

TEST_F(Polling, ACloseEndsOneWait) {
  auto out = std::make_optional<RawStateWriter>(writer("probe"));
  auto in = reader("probe");
  out.reset();
  EXPECT_FALSE(in.poll_for_change(kLong));
  const std::uint64_t start = monotonic_ns();
  EXPECT_FALSE(in.poll_for_change(2ms));
  EXPECT_GE(monotonic_ns() - start, 2'000'000U) << "the next one waits";
}

TEST_F(Polling, AStreamEndsWithItsNextValue) {
  auto out = stream_writer("probe");
  auto in = stream_reader("probe");
  EXPECT_FALSE(in.poll_for_next(1ms));
  EXPECT_TRUE(out.push(bytes_of(std::uint64_t{1})));
  EXPECT_TRUE(in.poll_for_next(kLong));
}

}  // namespace
}  // namespace evo::test
