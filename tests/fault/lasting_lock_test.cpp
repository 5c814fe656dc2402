// SPDX-License-Identifier: Apache-2.0
/// Deaths that do not free the lock immediately: a core dump, and a child created without fork
/// handlers.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "fault_matrix.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class LastingLock : public testing::Test {
 protected:
  [[nodiscard]] Result<RawStateWriter> create() const {
    return RawStateWriter::create(channel_, {.domain = directory_.domain()});
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 256);
};

TEST_F(LastingLock, OfAWriterThatDumpsItsCore) {
  std::string pattern;
  std::getline(std::ifstream("/proc/sys/kernel/core_pattern"), pattern);
  if (pattern.empty() || pattern[0] == '|' || pattern[0] == '/') {
    GTEST_SKIP() << "core dumps go to " << pattern;
  }
  const TemporaryDomain cores;
  const Pipe ready;
  Child writer([&]() -> std::string {
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_CORE, &unlimited) != 0 || ::chdir(cores.path().c_str()) != 0) return "";
    const std::vector<char> heap(std::size_t{200} << 20U, 'x');
    RawStateWriter mine = make_writer(directory_.domain(), channel_);
    publish(mine, 3);
    ready.write("x");
    std::abort();
  });
  ASSERT_TRUE(ready.await_byte());
  bool explained = false;
  std::size_t refusals = 0;
  while (true) {
    const auto successor = create();
    if (successor) {
      EXPECT_EQ(successor->current_version(), 6U) << "with the last value";
      break;
    }
    ASSERT_EQ(outcome(successor), "SegmentBusy");
    explained = explained || contains(message_of(successor), "core is being dumped");
    ++refusals;
  }
  EXPECT_TRUE(explained) << refusals << " refusals";
  tried(1, "SegmentBusy says that the core is being dumped, until it is; then taken over");
}

TEST_F(LastingLock, OfAChildThatNoForkHandlerSaw) {
  const Pipe ready;
  const Pipe end;
  const Pipe attached;
  Child writer([&]() -> std::string {
    RawStateWriter mine = make_writer(directory_.domain(), channel_);
    publish(mine, 3);
    const pid_t child = ::_Fork();
    if (child == 0) {
      static_cast<void>(end.await_byte());
      ::_exit(0);
    }
    ready.write(fmt::format("{} ", child));
    ::pause();
    return "";
  });
  std::string child;
  for (char digit = 0; ::read(ready.reading(), &digit, 1) == 1 && digit != ' ';) child += digit;
  // This reader has the file open, too, but does not hold the lock.
  Child reader([&]() -> std::string {
    const auto mine = RawStateReader::attach("probe", {.domain = directory_.domain()});
    attached.write("x");
    ::pause();
    return "";
  });
  ASSERT_TRUE(attached.await_byte());
  // Not Child::kill(): the child of the child still holds its pipe open.
  ::kill(writer.pid(), SIGKILL);
  ::waitpid(writer.pid(), nullptr, 0);
  const auto refused = create();
  EXPECT_EQ(outcome(refused), "SegmentBusy");
  EXPECT_TRUE(contains(message_of(refused), "although its writer, ")) << message_of(refused);
  EXPECT_TRUE(contains(message_of(refused), ", is dead: a child")) << message_of(refused);
  EXPECT_TRUE(message_of(refused).ends_with("end process " + child)) << message_of(refused);
  end.write("x");
  auto successor = create();
  while (!successor) successor = create();
  EXPECT_EQ(successor->current_version(), 6U);
  tried(1, "SegmentBusy names the child, until it ends; then taken over");
}

}  // namespace
}  // namespace evo::test
