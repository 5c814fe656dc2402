// SPDX-License-Identifier: Apache-2.0
/// Kernel locks decide which processes are alive, never a PID: reused PIDs, and endpoints in
/// different PID namespaces.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "fault_matrix.hpp"
#include "file_bytes.hpp"
#include "namespaces.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr std::size_t kWriterPidOffset = 152;

class ProcessNumber : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = namespace_obstacle(CLONE_NEWPID); !why.empty()) {
      GTEST_SKIP() << why;
    }
  }

  /// The PID that the segment's last writer had in its namespace.
  [[nodiscard]] pid_t last_writer() const {
    return static_cast<pid_t>(
        peek<std::uint32_t>(directory_.path() / "evo_probe.ctl", kWriterPidOffset));
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 256);
};

/// Makes `pid` the PID of the next process of this PID namespace. False where the kernel does not
/// support it.
bool choose_next_pid(pid_t pid) {
  const int fd = ::open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const std::string text = std::to_string(pid - 1);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return written;
}

constexpr int kReuses = 5;
constexpr const char* kNotOffered = "the kernel does not let this process choose a PID";

/// Runs `with_pid_of_the_dead(dead)` in the first process of a new PID namespace, after a writer in
/// that namespace has published 1 to 7 and died with the PID `dead`.
template <class Body>
std::string after_a_death(const Domain& domain, const ChannelDescription& channel, Body&& body) {
  return in_child([&]() -> std::string {
           return run_in_namespaces(CLONE_NEWPID, [&]() -> std::string {
             leave_whole_orphan(domain, channel, 7);
             return body();
           });
         })
      .text;
}

TEST_F(ProcessNumber, OfTheDeadWriterComesToItsSuccessor) {
  for (int i = 0; i < kReuses; ++i) {
    for (const OnOrphan on_orphan : {OnOrphan::TakeOver, OnOrphan::Replace}) {
      const std::string said = after_a_death(directory_.domain(), channel_, [&]() -> std::string {
        const pid_t dead = last_writer();
        if (!choose_next_pid(dead)) return kNotOffered;
        return in_child([&]() -> std::string {
                 if (::getpid() != dead) return kNotOffered;
                 RawStateWriter writer = make_writer(directory_.domain(), channel_, on_orphan);
                 std::string from = std::to_string(writer.current_version() / 2);
                 writer.write(bytes_of(whole_value(channel_.size, 8)));
                 return from + " " + attach_and_read(directory_.domain(), channel_);
               })
            .text;
      });
      if (said == kNotOffered) GTEST_SKIP() << said;
      ASSERT_EQ(said, on_orphan == OnOrphan::TakeOver ? "7 8" : "0 8");
      ASSERT_TRUE(directory_.files().empty());
    }
  }
  tried(2 * kReuses, "takes over, or recreates the file under the same name; never busy");
}

TEST_F(ProcessNumber, OfTheDeadWriterComesToAStranger) {
  for (int i = 0; i < kReuses; ++i) {
    const std::string said = after_a_death(directory_.domain(), channel_, [&]() -> std::string {
      const pid_t dead = last_writer();
      if (!choose_next_pid(dead)) return kNotOffered;
      const Child stranger([]() -> std::string {
        ::pause();
        return "";
      });
      if (stranger.pid() != dead) return kNotOffered;
      RawStateReader reader = make_reader(directory_.domain(), channel_);
      const auto state = std::string(to_string(reader.writer_state()));
      const std::string value = read_whole(reader);
      return state + " " + value + " " + works_again(directory_.domain(), channel_);
    });
    if (said == kNotOffered) GTEST_SKIP() << said;
    ASSERT_EQ(said, "Dead 7 ok");
  }
  tried(kReuses, "Dead although its number lives, and taken over");
}

/// A writer that publishes 1 to 7 and lives until it is killed.
std::string write_and_stay(const Domain& domain, const ChannelDescription& channel,
                           const Pipe& ready) {
  RawStateWriter writer = make_writer(domain, channel);
  publish(writer, 7);
  ready.write("x");
  ::pause();
  return "";
}

/// What another process sees of the segment: its writer's state, the value, whether it is busy.
std::string look_at(const Domain& domain, const ChannelDescription& channel) {
  RawStateReader reader = make_reader(domain, channel);
  const auto state = std::string(to_string(reader.writer_state()));
  const std::string value = read_whole(reader);
  const auto second = RawStateWriter::create(channel, {.domain = domain});
  const std::string taken =
      second ? std::to_string(second->current_version() / 2) : outcome(second);
  return state + " " + value + " " + taken;
}

TEST_F(ProcessNumber, MeansNothingOutsideTheWritersNamespace) {
  const Pipe ready;
  const Pipe die_now;
  const Pipe dead;
  Child container([&]() -> std::string {
    return run_in_namespaces(CLONE_NEWPID, [&]() -> std::string {
      Child writer(
          [&]() -> std::string { return write_and_stay(directory_.domain(), channel_, ready); });
      static_cast<void>(die_now.await_byte());
      const bool killed = writer.kill().killed_by(SIGKILL);
      dead.write("x");
      ::pause();  // the namespace outlives its writer
      return killed ? "killed" : "not killed";
    });
  });
  ASSERT_TRUE(ready.await_byte());
  EXPECT_LT(last_writer(), 10) << "the writer is not in its own namespace";
  EXPECT_EQ(look_at(directory_.domain(), channel_), "Alive 7 SegmentBusy");
  die_now.write("x");
  ASSERT_TRUE(dead.await_byte());
  EXPECT_EQ(look_at(directory_.domain(), channel_), "Dead 7 7");
  tried(2, "inside alive: Alive, SegmentBusy outside; killed: Dead, taken over");
}

TEST_F(ProcessNumber, MeansNothingInsideAnotherNamespace) {
  const Pipe ready;
  Child writer(
      [&]() -> std::string { return write_and_stay(directory_.domain(), channel_, ready); });
  ASSERT_TRUE(ready.await_byte());
  const auto look_from_inside = [&] {
    return in_child([&]() -> std::string {
             return run_in_namespaces(CLONE_NEWPID, [&]() -> std::string {
               return look_at(directory_.domain(), channel_);
             });
           })
        .text;
  };
  EXPECT_EQ(look_from_inside(), "Alive 7 SegmentBusy");
  EXPECT_TRUE(writer.kill().killed_by(SIGKILL));
  EXPECT_EQ(look_from_inside(), "Dead 7 7");
  tried(2, "outside alive: Alive, SegmentBusy inside; killed: Dead, taken over");
}

}  // namespace
}  // namespace evo::test
