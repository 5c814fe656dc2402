// SPDX-License-Identifier: Apache-2.0
/// A writer killed after each single instruction of a write.
#include <gtest/gtest.h>

#include <map>

#include "evo/format.hpp"
#include "fault_matrix.hpp"
#include "killed_instruction.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"
#include "whole_value.hpp"

namespace evo::test {
namespace {

using detail::count_instructions;
using detail::moments_to_kill;
using detail::Stop;
using detail::TracedChild;

/// What the reader sees before the takeover and after it.
using Seen = std::pair<std::string, std::string>;

struct Payload {
  std::size_t bytes;
  Stamp stamp;
};

ChannelDescription channel_of(const Payload& payload) {
  ChannelDescription channel = raw_channel("probe", payload.bytes);
  channel.stamp = payload.stamp;
  return channel;
}

class KilledInstruction : public testing::TestWithParam<Payload> {
 protected:
  /// Publishes 1 to 3 in `domain`, and 4 between two marks.
  void write_until_killed(const Domain& domain) const {
    const auto fourth = whole_value(channel_.size, 4);
    auto writer = RawStateWriter::create(channel_, {.domain = domain});
    if (!writer) throw std::runtime_error(writer.error().message);
    for (std::uint64_t n = 1; n <= 3; ++n) writer->write(bytes_of(whole_value(channel_.size, n)));
    TracedChild::mark();
    writer->write(bytes_of(fourth));
    TracedChild::mark();
  }

  /// The number of instructions of the write, with a few before and after it.
  [[nodiscard]] std::size_t count() const {
    const TemporaryDomain directory;
    return count_instructions([&] { write_until_killed(directory.domain()); });
  }

  /// One try: the writer dies after `instructions` of its write.
  [[nodiscard]] Seen die_after(std::size_t instructions) const {
    const TemporaryDomain directory;
    TracedChild doomed([&] { write_until_killed(directory.domain()); });
    if (doomed.run_to_mark() != Stop::Mark) return {"the writer failed", ""};
    auto reader = RawStateReader::attach(channel_, {.domain = directory.domain()});
    if (!reader) return {reader.error().message, ""};
    // It may reach the end, because the number of instructions that read the clock varies.
    doomed.step_instructions(instructions);
    const std::string while_it_lives = read_whole(*reader);
    doomed.kill();
    const std::string before = read_whole(*reader);
    if (before != while_it_lives) return {while_it_lives + ", then " + before, ""};
    const auto late = RawStateReader::attach(channel_, {.domain = directory.domain()});
    if (!late) return {before, late.error().message};
    const std::string found = fmt::format("{}, header {}", before, late->version() / 2);

    auto successor = RawStateWriter::create(channel_, {.domain = directory.domain()});
    if (!successor) return {found, message_of(successor)};
    const std::string after = read_whole(*reader);
    const std::uint64_t last = successor->current_version() / 2;
    if (after != std::to_string(last)) return {found, fmt::format("{}, not {}", after, last)};
    if (after != before) return {found, "another value than before: " + after};
    successor->write(bytes_of(whole_value(channel_.size, last + 1)));
    if (read_whole(*reader) != std::to_string(last + 1) ||
        reader->version() != successor->current_version()) {
      return {found, "the next write did not go through"};
    }
    return {found, after};
  }

  ChannelDescription channel_ = channel_of(GetParam());
};

TEST_P(KilledInstruction, LeavesAWholeValue) {
  const std::size_t total = count();
  ASSERT_GT(total, 20U) << "fewer than a write can take";
  std::map<Seen, std::size_t> outcomes;
  Seen last;
  const auto chosen = moments_to_kill(total);
  for (const std::size_t k : chosen) {
    const Seen seen = die_after(k);
    const bool right = seen == Seen("3, header 3", "3") || seen == Seen("4, header 3", "4") ||
                       seen == Seen("4, header 4", "4");
    ASSERT_TRUE(right) << "killed after " << k << " of " << total << ": reader saw '" << seen.first
                       << "', after the takeover '" << seen.second << "'";
    if (GetParam().stamp == Stamp::None) {  // otherwise the instructions vary
      ASSERT_GE(seen, last) << "killed after " << k << ": less is left than after an earlier kill";
    }
    last = seen;
    ++outcomes[seen];
  }
  // If one of them is missing, the instructions were not those of a write.
  EXPECT_EQ(outcomes.size(), 3U) << fmt::format(
      "of {} instructions: 3 stays {}x, 4 that the header does not name {}x, 4 {}x", total + 1,
      outcomes[{"3, header 3", "3"}], outcomes[{"4, header 3", "4"}],
      outcomes[{"4, header 4", "4"}]);
  tried(chosen.size(),
        fmt::format("of {} instructions: 3 stays {}x, 4 that the header does not name {}x, 4 {}x",
                    total + 1, outcomes[{"3, header 3", "3"}], outcomes[{"4, header 3", "4"}],
                    outcomes[{"4, header 4", "4"}]));
}

std::string payload_name(const testing::TestParamInfo<Payload>& row) {
  return fmt::format("{}Bytes{}", row.param.bytes, row.param.stamp == Stamp::None ? "" : "Stamped");
}

INSTANTIATE_TEST_SUITE_P(Write, KilledInstruction,
                         testing::Values(Payload{8, Stamp::None}, Payload{8, Stamp::Monotonic},
                                         Payload{256, Stamp::None}, Payload{4096, Stamp::None}),
                         payload_name);

}  // namespace
}  // namespace evo::test
