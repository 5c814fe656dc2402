// SPDX-License-Identifier: Apache-2.0
/// Which clients ring, and what the server makes of it. tests/model shows that no ring is lost.
#include "evo/links/doorbell.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace evo::links::test {
namespace {

class DoorbellTest : public testing::TestWithParam<WakeProtocol> {
 protected:
  static constexpr std::size_t kConnections = 130;

  void SetUp() override {
    if (protocol == WakeProtocol::Membarrier && known != protocol) {
      GTEST_SKIP() << "this kernel, or emulator, has no membarrier";
    }
  }

  [[nodiscard]] Doorbell bell(std::size_t connection) {
    return {&bells, &server, &watches.at(connection), connection, protocol};
  }
  [[nodiscard]] DoorKeeper keeper() { return {&bells, &server, kConnections, protocol}; }
  [[nodiscard]] std::vector<std::size_t> collected() {
    std::vector<std::size_t> all;
    keeper().collect([&](std::size_t connection) { all.push_back(connection); });
    return all;
  }

  // Registers this process for the barrier.
  const WakeProtocol known = detail::register_writer_for_wakes();
  const WakeProtocol protocol = GetParam();
  Bells bells;
  ServerSleep server;
  std::array<RingWatch, kConnections> watches;
};

TEST_P(DoorbellTest, ClientsRingUntilTheyAreWatched) {
  for (const std::size_t connection : {0U, 63U, 64U, 129U}) EXPECT_FALSE(bell(connection).sent());
  EXPECT_EQ(collected(), (std::vector<std::size_t>{0, 63, 64, 129}));
  EXPECT_TRUE(collected().empty()) << "each ring counts once";
  DoorKeeper::watch(watches.at(64));
  EXPECT_FALSE(bell(64).sent());
  EXPECT_FALSE(bell(129).sent());
  EXPECT_EQ(collected(), std::vector<std::size_t>{129});
  DoorKeeper::leave(watches.at(64));
  EXPECT_TRUE(keeper().order_last_look());
  EXPECT_FALSE(bell(64).sent());
  EXPECT_EQ(collected(), std::vector<std::size_t>{64});
}

TEST_P(DoorbellTest, ARingWakesTheServer) {
  std::thread client([&] {
    while (server.asleep.load() == 0) std::this_thread::yield();
    EXPECT_FALSE(bell(7).sent());
  });
  std::vector<std::size_t> rung;
  while (rung.empty()) {
    keeper().sleep(detail::Wait::kNever, [] { return false; });
    rung = collected();
  }
  client.join();
  EXPECT_EQ(rung, std::vector<std::size_t>{7});
  EXPECT_EQ(server.asleep.load(), 0U);
  EXPECT_LE(bells.calls.load(), 1U) << "0 if the bit came just before the sleep";
}

TEST_P(DoorbellTest, TheServerDoesNotSleepWhileABitIsSet) {
  EXPECT_FALSE(bell(100).sent());
  keeper().sleep(detail::Wait::kNever, [] { return false; });
  EXPECT_EQ(bells.calls.load(), 0U) << "it was awake";
  EXPECT_EQ(collected(), std::vector<std::size_t>{100});
}

TEST_P(DoorbellTest, BitsOfNoConnectionAreIgnored) {
  bells.rung.at(2) = ~std::uint64_t{0};
  bells.rung.at(5) = ~std::uint64_t{0};
  EXPECT_EQ(collected(), (std::vector<std::size_t>{128, 129}));
}

INSTANTIATE_TEST_SUITE_P(Protocols, DoorbellTest,
                         testing::Values(WakeProtocol::Fence, WakeProtocol::Membarrier),
                         [](const auto& with) {
                           return with.param == WakeProtocol::Fence ? "Fence" : "Membarrier";
                         });

}  // namespace
}  // namespace evo::links::test
