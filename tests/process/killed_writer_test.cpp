// SPDX-License-Identifier: Apache-2.0
/// Real processes, really killed: a writer that dies at a random moment, 500 times, observed by one
/// reader that never attaches again.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <vector>

#include "evo/format.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr int kKills = 500;

ChannelDescription channel_of(std::size_t words) {
  ChannelDescription channel;
  channel.name = "doomed";
  channel.owner = "victim";
  channel.size = words * sizeof(std::uint64_t);
  return channel;
}

/// Every word of publish n is n, so sequence and value prove each other.
[[noreturn]] void write_for_ever(const ChannelDescription& channel, const Domain& domain) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto writer = RawStateWriter::create(channel, {.domain = domain});
  if (!writer) {
    fmt::print(stderr, "{}\n", writer.error());
    ::_exit(1);
  }
  std::vector<std::uint64_t> value(channel.size / sizeof(std::uint64_t));
  while (true) {
    value.assign(value.size(), writer->current_version() / 2 + 1);
    static_cast<void>(writer->write(std::as_bytes(std::span(value))));
  }
}

class KilledWriter : public testing::TestWithParam<std::size_t> {};

TEST_P(KilledWriter, LeavesTheLastCompleteValueAndIsTakenOver) {
  const TemporaryDomain directory;
  const ChannelDescription channel = channel_of(GetParam());
  std::optional<RawStateReader> reader;
  std::vector<std::uint64_t> value(GetParam());
  std::mt19937 random(12345);
  std::uniform_int_distribution<int> moment_us(0, 1500);
  std::uint64_t last_sequence = 0;
  int lives_that_wrote = 0;

  // One read; checks that the value is whole and not older than the last one.
  const auto read_and_check = [&] {
    const auto got = reader->read(std::as_writable_bytes(std::span(value)));
    if (!got) {
      ASSERT_TRUE(got.error() == ReadError::Contended ||
                  (got.error() == ReadError::NeverWritten && last_sequence == 0))
          << to_string(got.error());
      return;
    }
    for (const std::uint64_t word : value) ASSERT_EQ(word, got->sequence) << "torn";
    ASSERT_GE(got->sequence, last_sequence) << "went back in time";
    last_sequence = got->sequence;
  };

  for (int life = 0; life < kKills; ++life) {
    const pid_t writer = ::fork();
    ASSERT_GE(writer, 0);
    if (writer == 0) write_for_ever(channel, directory.domain());
    if (!reader) {
      auto attached = RawStateReader::attach(
          channel, {.domain = directory.domain(), .wait = std::chrono::seconds(20)});
      ASSERT_TRUE(attached) << attached.error().message;
      reader.emplace(std::move(*attached));
    }
    const std::uint64_t before = last_sequence;
    // Every other writer is killed at a random moment after its first publish, the rest
    // at a random moment after the fork, which is often within create.
    while (life % 2 == 0 && last_sequence == before) ASSERT_NO_FATAL_FAILURE(read_and_check());
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::microseconds(moment_us(random));
    do {
      ASSERT_NO_FATAL_FAILURE(read_and_check());
    } while (std::chrono::steady_clock::now() < until);
    ASSERT_EQ(::kill(writer, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(writer, &status, 0), writer);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer could not take over";

    // With the writer gone nothing can overtake the read.
    ASSERT_EQ(reader->writer_state(), WriterState::Dead);
    const std::uint64_t version = reader->version();
    ASSERT_NO_FATAL_FAILURE(read_and_check());
    // The last complete value may be the one that the header does not name yet.
    ASSERT_GE(2 * last_sequence, version) << "the latest value was lost";
    ASSERT_LE(2 * last_sequence, version + 2);
    lives_that_wrote += last_sequence > before ? 1 : 0;
  }
  EXPECT_GE(lives_that_wrote, kKills / 2);

  // The file is still the one that the first writer created.
  auto successor = RawStateWriter::create(channel, {.domain = directory.domain()});
  ASSERT_TRUE(successor) << successor.error().message;
  EXPECT_GE(successor->incarnation(), static_cast<std::uint64_t>(lives_that_wrote));
  EXPECT_EQ(reader->writer_state(), WriterState::Alive);
  value.assign(value.size(), successor->current_version() / 2 + 1);
  ASSERT_TRUE(successor->write(std::as_bytes(std::span(value))));
  ASSERT_NO_FATAL_FAILURE(read_and_check());
  EXPECT_EQ(2 * last_sequence, successor->current_version());
}

INSTANTIATE_TEST_SUITE_P(Words, KilledWriter, testing::Values(1, 8, 512, 8192));

}  // namespace
}  // namespace evo::test
