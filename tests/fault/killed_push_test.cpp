// SPDX-License-Identifier: Apache-2.0
/// A writer killed after each single instruction of a push to a stream.
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "evo/format.hpp"
#include "evo/raw_stream_reader.hpp"
#include "evo/raw_stream_writer.hpp"
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

/// The push that is killed, in a ring that has wrapped around before.
constexpr std::uint64_t kFatal = 10;
constexpr std::uint32_t kCapacity = 4;

struct Row {
  Overflow overflow;
  std::size_t bytes;
};

class KilledPush : public testing::TestWithParam<Row> {
 protected:
  KilledPush() {
    channel_.kind = Kind::Stream;
    channel_.overflow = GetParam().overflow;
    channel_.slots = kCapacity;
    channel_.stamp = Stamp::None;
  }

  [[nodiscard]] RawStreamWriter create(const Domain& domain) const {
    auto writer = RawStreamWriter::create(channel_, {.domain = domain});
    if (!writer) throw std::runtime_error(writer.error().message);
    return std::move(*writer);
  }

  void push_until_killed(const Domain& domain) const {
    const auto fatal = whole_value(channel_.size, kFatal);
    RawStreamWriter writer = create(domain);
    for (std::uint64_t n = 1; n < kFatal; ++n) {
      writer.push(bytes_of(whole_value(channel_.size, n)));
    }
    TracedChild::mark();
    writer.push(bytes_of(fatal));
    TracedChild::mark();
  }

  /// Takes what is available. False if a value is torn, lost, missing or duplicated.
  [[nodiscard]] bool take_all(RawStreamReader& reader, std::uint64_t& last) const {
    std::vector<std::uint64_t> value(channel_.size / 8);
    while (const auto item = reader.next(std::as_writable_bytes(std::span(value)))) {
      if (item->lost != 0 || item->sequence != last + 1) return false;
      last = item->sequence;
      for (const std::uint64_t word : value) {
        if (word != last) return false;
      }
    }
    return true;
  }

  /// One try: "9, then 10" means that a reader had 9 after the kill and 10 after the takeover.
  [[nodiscard]] std::string die_after(std::size_t instructions) const {
    const TemporaryDomain directory;
    TracedChild doomed([&] { push_until_killed(directory.domain()); });
    if (doomed.run_to_mark() != Stop::Mark) return "the writer failed";
    auto reader = RawStreamReader::attach(channel_, {.domain = directory.domain()});
    if (!reader) return reader.error().message;
    reader->seek_oldest();
    std::uint64_t last = kFatal - 1 - kCapacity;
    if (!take_all(*reader, last) || last != kFatal - 1) return "the history is not whole";
    doomed.step_instructions(instructions);
    doomed.kill();
    if (!take_all(*reader, last)) return fmt::format("after {} something else came", last);
    const std::uint64_t before = last;

    RawStreamWriter successor = create(directory.domain());
    if (!take_all(*reader, last)) return fmt::format("after {} something else came", last);
    const std::uint64_t resumed = successor.current_version() / 2;
    if (last != resumed) return fmt::format("read up to {}, resumed after {}", last, resumed);
    for (std::uint64_t n = resumed + 1; n <= resumed + kCapacity; ++n) {
      if (!successor.push(bytes_of(whole_value(channel_.size, n)))) return "the successor is held";
    }
    if (!take_all(*reader, last) || last != resumed + kCapacity) return "not all that came later";
    return fmt::format("{}, then {}", before, resumed);
  }

  ChannelDescription channel_ = raw_channel("probe", GetParam().bytes);
};

TEST_P(KilledPush, LosesAtMostTheValueItWasPushing) {
  std::size_t total = 0;
  {
    // With a reader, as in each try: a writer that must wait for readers executes more
    // instructions.
    const TemporaryDomain directory;
    std::optional<RawStreamReader> reader;
    total = count_instructions(
        [&] { push_until_killed(directory.domain()); },
        [&] {
          reader.emplace(RawStreamReader::attach(channel_, {.domain = directory.domain()}).value());
        });
  }
  ASSERT_GT(total, 20U) << "fewer than a push can take";
  std::map<std::string, std::size_t> outcomes;
  const auto chosen = moments_to_kill(total);
  for (const std::size_t k : chosen) {
    const std::string seen = die_after(k);
    ASSERT_TRUE(seen == "9, then 9" || seen == "10, then 10")
        << "killed after " << k << " of " << total << ": " << seen;
    ++outcomes[seen];
  }
  EXPECT_EQ(outcomes.size(), 2U) << "these were not the instructions of a push";
  tried(chosen.size(), fmt::format("of {} instructions: 9 stays {}x, 10 {}x; no value torn, lost "
                                   "or twice, the successor goes on",
                                   total + 1, outcomes["9, then 9"], outcomes["10, then 10"]));
}

INSTANTIATE_TEST_SUITE_P(Push, KilledPush,
                         testing::Values(Row{Overflow::Overwrite, 8}, Row{Overflow::Block, 8},
                                         Row{Overflow::Overwrite, 256}, Row{Overflow::Block, 256},
                                         Row{Overflow::Overwrite, 4096}),
                         [](const auto& row) {
                           return fmt::format(
                               "{}Of{}Bytes",
                               row.param.overflow == Overflow::Block ? "Block" : "Overwrite",
                               row.param.bytes);
                         });

}  // namespace
}  // namespace evo::test
