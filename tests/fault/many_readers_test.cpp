// SPDX-License-Identifier: Apache-2.0
/// As many readers as the largest tables hold: counted exactly, before and after a kill.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <list>
#include <vector>

#include "evo/segment_info.hpp"
#include "fault_matrix.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

/// A process with `count` readers that lives until it is killed, or told to detach them.
class ReaderProcess {
 public:
  ReaderProcess(const Domain& domain, const ChannelDescription& channel, std::size_t count)
      : child_([this, domain, channel, count]() -> std::string {
          std::vector<RawStateReader> readers;
          while (readers.size() < count) readers.push_back(make_reader(domain, channel));
          for (RawStateReader& reader : readers) {
            if (const auto read = read_whole(reader); read != "7") return "read " + read;
          }
          ready_.write("x");
          static_cast<void>(leave_.await_byte());
          return "";
        }) {
    ready_.close_writing();
  }

  [[nodiscard]] bool is_ready() const { return ready_.await_byte(); }
  std::string end() {
    leave_.write("x");
    return child_.join().text;
  }
  void kill() { child_.kill(); }

 private:
  Pipe ready_;
  Pipe leave_;
  Child child_;
};

std::size_t count_readers(const Domain& domain) {
  const auto info = inspect_segment(domain, "probe");
  return info ? info->readers.size() : 0;
}

/// Raises the descriptor limit to at least `count`; false if that is not permitted.
bool allow_descriptors(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min(std::max(limit.rlim_cur, count), limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= count;
}

class ManyReaders : public testing::TestWithParam<std::size_t> {};

TEST_P(ManyReaders, AreCountedExactlyAndLeaveNoEntryTaken) {
  const std::size_t in_each = GetParam();
  constexpr std::size_t kReaderProcesses = 10;
  const std::size_t all = kReaderProcesses * in_each;
  if (!allow_descriptors(in_each + 100)) GTEST_SKIP() << "too few descriptors (ulimit -n)";
  const TemporaryDomain directory;
  ChannelDescription channel = raw_channel("probe", 64);
  channel.max_readers = static_cast<std::uint32_t>(all);
  RawStateWriter writer = make_writer(directory.domain(), channel);
  publish(writer, 7);
  std::list<ReaderProcess> processes;
  for (std::size_t i = 0; i < kReaderProcesses; ++i) {
    processes.emplace_back(directory.domain(), channel, in_each);
  }
  for (const ReaderProcess& process : processes) ASSERT_TRUE(process.is_ready());
  EXPECT_EQ(count_readers(directory.domain()), all);
  EXPECT_EQ(attach_and_read(directory.domain(), channel), "ReaderTableFull");
  processes.front().kill();
  EXPECT_EQ(count_readers(directory.domain()), all - in_each);
  processes.emplace_back(directory.domain(), channel, in_each);
  EXPECT_TRUE(processes.back().is_ready()) << "the entries of the dead readers are not free";
  EXPECT_EQ(count_readers(directory.domain()), all);
  processes.pop_front();
  for (ReaderProcess& process : processes) EXPECT_EQ(process.end(), "");
  EXPECT_EQ(count_readers(directory.domain()), 0U);
  tried(all, "all read; one more ReaderTableFull; a process killed: its entries free at once");
}

INSTANTIATE_TEST_SUITE_P(InTenProcesses, ManyReaders, testing::Values(100U, 1000U),
                         [](const auto& in_each) { return std::to_string(10 * in_each.param); });

}  // namespace
}  // namespace evo::test
