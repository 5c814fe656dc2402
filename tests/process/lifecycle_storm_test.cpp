/// Many processes that make, close, attach to and die over one segment at once.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "evo/segment_reader.hpp"
#include "evo/segment_writer.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr int kProcesses = 8;

ChannelDescription storm_channel() {
  ChannelDescription channel;
  channel.name = "storm";
  channel.owner = "anybody";
  channel.size = 64;
  return channel;
}

/// Runs `body` in a child process, which ends with its result as exit code.
template <class Body>
pid_t spawn(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(body());
  }
  return child;
}

int exit_code_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

enum Outcome : int { kWon = 0, kBusy = 1, kBroken = 2 };

TEST(LifecycleStorm, OneOfManyCreatorsWins) {
  constexpr int kRounds = 200;
  const TemporaryDomain directory;
  for (int round = 0; round < kRounds; ++round) {
    // Closing it at both ends lets all children go, and later all of them end, at once.
    int start[2];
    int finish[2];
    ASSERT_EQ(::pipe(start), 0);
    ASSERT_EQ(::pipe(finish), 0);
    int reports[2];
    ASSERT_EQ(::pipe(reports), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < kProcesses; ++i) {
      children.push_back(spawn([&] {
        char byte = 0;
        ::close(start[1]);
        ::close(finish[1]);
        static_cast<void>(!::read(start[0], &byte, 1));
        auto writer = SegmentWriter::create(storm_channel(), {.domain = directory.domain()});
        const char outcome = static_cast<char>(
            writer ? kWon : (writer.error().code == ErrorCode::SegmentBusy ? kBusy : kBroken));
        if (outcome == kBroken) fmt::print(stderr, "{}\n", writer.error());
        static_cast<void>(!::write(reports[1], &outcome, 1));
        static_cast<void>(!::read(finish[0], &byte, 1));
        // The winner of every other round dies instead of closing.
        if (writer && round % 2 == 0) ::kill(::getpid(), SIGKILL);
        return 0;
      }));
    }
    ::close(start[1]);
    int winners = 0;
    for (int i = 0; i < kProcesses; ++i) {
      char outcome = kBroken;
      ASSERT_EQ(::read(reports[0], &outcome, 1), 1);
      ASSERT_NE(outcome, kBroken);
      winners += outcome == kWon ? 1 : 0;
    }
    ::close(finish[1]);
    for (const pid_t child : children) ASSERT_NE(exit_code_of(child), kBroken);
    for (const int fd : {start[0], finish[0], reports[0], reports[1]}) ::close(fd);
    ASSERT_EQ(winners, 1) << "in round " << round;
  }
}

/// Creates, publishes and closes over and over; SegmentBusy is part of the game.
int write_in_turn(const Domain& domain, unsigned seed) {
  std::mt19937 random(seed);
  while (true) {
    auto writer = SegmentWriter::create(storm_channel(), {.domain = domain});
    if (!writer) {
      if (writer.error().code != ErrorCode::SegmentBusy) {
        fmt::print(stderr, "create: {}\n", writer.error());
        return kBroken;
      }
      continue;
    }
    const std::vector<std::byte> value(64, std::byte{0x5a});
    for (auto i = random() % 20; i != 0; --i) static_cast<void>(writer->write(value));
  }
}

/// Attaches, reads and leaves over and over.
int read_in_turn(const Domain& domain) {
  while (true) {
    auto reader = SegmentReader::attach(storm_channel(), {.domain = domain});
    if (!reader) {
      const ErrorCode code = reader.error().code;
      if (code == ErrorCode::NotFound || code == ErrorCode::NotReady) continue;
      fmt::print(stderr, "attach: {}\n", reader.error());
      return kBroken;
    }
    std::vector<std::byte> value(64);
    for (int i = 0; i < 20; ++i) {
      if (!reader->read(value)) continue;
      for (const std::byte byte : value) {
        if (byte != std::byte{0x5a}) return kBroken;
      }
    }
  }
}

TEST(Lifecycle, AWriterWithoutItsControlFileLeavesItsSuccessorAlone) {
  const TemporaryDomain directory;
  const Domain domain = directory.domain();
  std::optional<SegmentWriter> former(*SegmentWriter::create(storm_channel(), {.domain = domain}));
  std::filesystem::remove(directory.path() / "evo_storm.ctl");  // as logind's RemoveIPC does
  const pid_t successor = spawn([&] {
    auto writer = SegmentWriter::create(storm_channel(), {.domain = domain});
    if (!writer) return static_cast<int>(kBroken);
    ::pause();
    return static_cast<int>(kWon);
  });
  auto reader =
      SegmentReader::attach(storm_channel(), {.domain = domain, .wait = std::chrono::seconds(20)});
  ASSERT_TRUE(reader) << reader.error().message;
  former.reset();
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "evo_storm.ctl"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "evo_storm.meta"));
  const auto third = SegmentWriter::create(storm_channel(), {.domain = domain});
  EXPECT_TRUE(!third && third.error().code == ErrorCode::SegmentBusy);
  ::kill(successor, SIGKILL);
  exit_code_of(successor);
}

TEST(LifecycleStorm, NothingBreaksAndNothingStays) {
  constexpr int kKills = 300;
  const TemporaryDomain directory;
  const Domain domain = directory.domain();
  std::mt19937 random(4711);
  std::vector<pid_t> children(kProcesses);
  const auto start = [&](std::size_t i) {
    const auto seed = static_cast<unsigned>(random());
    children[i] = spawn(
        [&, seed] { return i % 2 == 0 ? write_in_turn(domain, seed) : read_in_turn(domain); });
  };
  for (std::size_t i = 0; i < children.size(); ++i) start(i);
  for (int kill = 0; kill < kKills; ++kill) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 4000));
    const std::size_t victim = random() % children.size();
    ::kill(children[victim], SIGKILL);
    ASSERT_EQ(exit_code_of(children[victim]), -SIGKILL) << "it had ended by itself";
    start(victim);
  }
  for (const pid_t child : children) {
    ::kill(child, SIGKILL);
    ASSERT_EQ(exit_code_of(child), -SIGKILL) << "it had ended by itself";
  }
  // Whatever the dead have left, one well-behaved writer takes over and clears away.
  { ASSERT_TRUE(SegmentWriter::create(storm_channel(), {.domain = domain})); }
  EXPECT_EQ(directory.files(), std::vector<std::string>{});
}

}  // namespace
}  // namespace evo::test
