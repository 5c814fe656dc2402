// SPDX-License-Identifier: Apache-2.0
/// Many processes that create, close, attach, list, clean up and die, all on one segment at the
/// same time.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "evo/cleanup.hpp"
#include "evo/format.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"
#include "evo/segment_info.hpp"
#include "fault_matrix.hpp"
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

/// Runs `body` in a child process, which exits with its result as exit code.
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
    // All children start when the last write end of `start` closes, and end with that of `finish`.
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
        auto writer = RawStateWriter::create(storm_channel(), {.domain = directory.domain()});
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
  tried(kRounds, "of 8 processes that create at once one wins, 7 SegmentBusy");
}

/// Creates, publishes and closes repeatedly; SegmentBusy is expected.
int write_in_turn(const Domain& domain, unsigned seed) {
  std::mt19937 random(seed);
  while (true) {
    auto writer = RawStateWriter::create(storm_channel(), {.domain = domain});
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

/// Attaches, reads and detaches repeatedly.
int read_in_turn(const Domain& domain) {
  while (true) {
    auto reader = RawStateReader::attach(storm_channel(), {.domain = domain});
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

/// Removes whatever it may, repeatedly.
int clean_in_turn(const Domain& domain) {
  while (true) {
    const auto report = cleanup_orphaned_segments(domain, {.grace = std::chrono::nanoseconds(0)});
    if (report) continue;
    fmt::print(stderr, "cleanup: {}\n", report.error());
    return kBroken;
  }
}

/// Lists repeatedly. A segment that is only being created or removed must not look damaged.
int list_in_turn(const Domain& domain) {
  while (true) {
    const auto segments = list_segments(domain);
    if (!segments) {
      fmt::print(stderr, "list: {}\n", segments.error());
      return kBroken;
    }
    for (const SegmentInfo& info : *segments) {
      if (info.condition == SegmentCondition::Sound ||
          info.condition == SegmentCondition::Unfinished ||
          info.condition == SegmentCondition::Closed ||
          info.condition == SegmentCondition::Removed) {
        continue;
      }
      fmt::print(stderr, "list: {} is {}: {}\n", info.name, to_string(info.condition), info.fault);
      return kBroken;
    }
  }
}

TEST(LifecycleStorm, AWriterWithoutItsControlFileLeavesItsSuccessorAlone) {
  const TemporaryDomain directory;
  const Domain domain = directory.domain();
  std::optional<RawStateWriter> former(
      *RawStateWriter::create(storm_channel(), {.domain = domain}));
  std::filesystem::remove(directory.path() / "evo_storm.ctl");  // as logind's RemoveIPC does
  const pid_t successor = spawn([&] {
    auto writer = RawStateWriter::create(storm_channel(), {.domain = domain});
    if (!writer) return static_cast<int>(kBroken);
    ::pause();
    return static_cast<int>(kWon);
  });
  auto reader =
      RawStateReader::attach(storm_channel(), {.domain = domain, .wait = std::chrono::seconds(20)});
  ASSERT_TRUE(reader) << reader.error().message;
  former.reset();
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "evo_storm.ctl"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "evo_storm.meta"));
  const auto third = RawStateWriter::create(storm_channel(), {.domain = domain});
  EXPECT_TRUE(!third && third.error().code == ErrorCode::SegmentBusy);
  ::kill(successor, SIGKILL);
  exit_code_of(successor);
  tried(1, "the former writer's end takes nothing of its successor's away");
}

/// The processes of the storm. The test restarts each one that it kills.
class Storm {
 public:
  explicit Storm(Domain domain) : domain_(std::move(domain)) {
    for (std::size_t i = 0; i < children_.size(); ++i) start(i);
  }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;
  ~Storm() {
    for (std::size_t i = 0; i < children_.size(); ++i) static_cast<void>(kill(i));
  }

  void start(std::size_t i) {
    const auto seed = static_cast<unsigned>(random_());
    children_.at(i) = spawn([&, seed] {
      switch (i) {
        case 0:
        case 1:
          return clean_in_turn(domain_);
        case 2:
          return list_in_turn(domain_);
        default:
          return i % 2 == 0 ? write_in_turn(domain_, seed) : read_in_turn(domain_);
      }
    });
  }

  /// Whether it was still alive.
  bool kill(std::size_t i) {
    const pid_t child = std::exchange(children_.at(i), 0);
    if (child == 0) return true;
    ::kill(child, SIGKILL);
    return exit_code_of(child) == -SIGKILL;
  }

  std::size_t any() { return random_() % children_.size(); }
  std::chrono::microseconds a_while() { return std::chrono::microseconds(random_() % 4000); }

 private:
  Domain domain_;
  std::mt19937 random_{4711};
  std::array<pid_t, kProcesses> children_{};
};

TEST(LifecycleStorm, NothingBreaksAndNothingStays) {
  constexpr int kKills = 300;
  const TemporaryDomain directory;
  {
    Storm storm(directory.domain());
    for (int kill = 0; kill < kKills; ++kill) {
      std::this_thread::sleep_for(storm.a_while());
      const std::size_t victim = storm.any();
      ASSERT_TRUE(storm.kill(victim)) << "it had ended by itself";
      storm.start(victim);
    }
    for (std::size_t i = 0; i < kProcesses; ++i) {
      ASSERT_TRUE(storm.kill(i)) << "it had ended by itself";
    }
  }
  // One well-behaved writer takes over whatever the dead processes left behind, and removes it.
  { ASSERT_TRUE(RawStateWriter::create(storm_channel(), {.domain = directory.domain()})); }
  EXPECT_EQ(directory.files(), std::vector<std::string>{});
  tried(kKills, "2 cleaners, 1 lister, 2 writers, 3 readers, one killed each time: no damage seen");
}

}  // namespace
}  // namespace evo::test
