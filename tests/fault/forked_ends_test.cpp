// SPDX-License-Identifier: Apache-2.0
/// Endpoints of a segment are unusable in a forked child, and hold nothing when the parent dies.
#include <gtest/gtest.h>

#include "fault_matrix.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class ForkedEnds : public testing::Test {
 protected:
  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 256);
};

TEST_F(ForkedEnds, AreFencedAndDetached) {
  RawStateWriter writer = make_writer(directory_.domain(), channel_);
  publish(writer, 3);
  RawStateReader reader = make_reader(directory_.domain(), channel_);
  constexpr int kForks = 20;
  for (int i = 0; i < kForks; ++i) {
    const ChildResult child = in_child([&]() -> std::string {
      const std::string wrote = outcome(writer.write(bytes_of(whole_value(channel_.size, 9))));
      return wrote + " " + read_whole(reader);
    });
    ASSERT_EQ(child.text, "Fenced Detached");
    ASSERT_EQ(read_whole(reader), "3") << "the parent's endpoints are unaffected";
  }
  EXPECT_EQ(outcome(writer.write(bytes_of(whole_value(channel_.size, 4)))), "ok");
  EXPECT_EQ(read_whole(reader), "4");
  tried(kForks, "child's writer Fenced, child's reader Detached, parent's go on");
}

/// A process with both endpoints, and a child of its own that outlives it.
std::string hold_and_fork(const Domain& domain, const ChannelDescription& channel,
                          const Pipe& ready, const Pipe& end) {
  RawStateWriter writer = make_writer(domain, channel);
  publish(writer, 7);
  const RawStateReader reader = make_reader(domain, channel);
  if (::fork() == 0) {
    ready.write("x");
    static_cast<void>(end.await_byte());
    ::_exit(0);
  }
  ::pause();
  return "";
}

TEST_F(ForkedEnds, HoldNoLockWhenTheParentDies) {
  constexpr std::uint64_t kDeaths = 10;
  channel_.max_readers = 1;
  for (std::uint64_t death = 1; death <= kDeaths; ++death) {
    const Pipe ready;
    Pipe end;  // closed at the end of the round, which ends the grandchild
    Child parent([&]() -> std::string {
      end.close_writing();
      return hold_and_fork(directory_.domain(), channel_, ready, end);
    });
    ASSERT_TRUE(ready.await_byte());
    ::kill(parent.pid(), SIGKILL);
    ::waitpid(parent.pid(), nullptr, 0);
    {
      RawStateReader reader = make_reader(directory_.domain(), channel_);  // uses the only entry
      ASSERT_EQ(to_string(reader.writer_state()), "Dead");
      ASSERT_EQ(read_whole(reader), "7");
    }
    auto writer = RawStateWriter::create(channel_, {.domain = directory_.domain()});
    ASSERT_EQ(outcome(writer), "ok") << message_of(writer);
    ASSERT_EQ(writer->current_version(), 14U);
  }
  tried(kDeaths, "with the parent dead and its child alive: writer's and reader's lock free");
}

}  // namespace
}  // namespace evo::test
