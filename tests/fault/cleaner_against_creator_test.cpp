// SPDX-License-Identifier: Apache-2.0
/// Cleaners that remove whatever they may, against creators that need it.
#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "evo/cleanup.hpp"
#include "fault_matrix.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

TEST(CleanerAgainstCreator, NeverHarmsAWriter) {
  constexpr std::size_t kRounds = 200;
  constexpr std::size_t kRoundsOfACleaner = 5;
  const TemporaryDomain directory;
  const ChannelDescription channel = raw_channel("probe", 256);
  const auto clean = [&] {
    const auto report =
        cleanup_orphaned_segments(directory.domain(), {.grace = std::chrono::nanoseconds(0)});
    if (!report) throw std::runtime_error(report.error().message);
  };
  // Processes, because each round forks; they are killed at arbitrary points.
  std::array<std::optional<Child>, 2> cleaners;
  for (std::size_t round = 0; round < kRounds; ++round) {
    if (round % kRoundsOfACleaner == 0) {
      auto& cleaner = cleaners.at(round / kRoundsOfACleaner % cleaners.size());
      cleaner.reset();
      cleaner.emplace([&]() -> std::string {
        while (true) clean();
      });
    }
    leave_whole_orphan(directory.domain(), channel, 3);
    ASSERT_EQ(works_again(directory.domain(), channel), "ok") << "round " << round;
  }
  for (auto& cleaner : cleaners) cleaner.reset();
  clean();
  EXPECT_EQ(directory.files(), std::vector<std::string>());
  tried(kRounds, "2 cleaners, killed every 10 rounds: each create works, nothing stays");
}

}  // namespace
}  // namespace evo::test
