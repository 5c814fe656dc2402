// SPDX-License-Identifier: Apache-2.0
/// Create while other writers and readers come and go.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

#include "attachment/control.hpp"
#include "attachment/create_fixture.hpp"
#include "evo/format.hpp"
#include "system/kernel_lock.hpp"

namespace evo::test {
namespace {

/// Whether a thread of this process is in a sleep that it requested itself.
bool is_pausing(long thread_id) {
  std::ifstream file(fmt::format("/proc/self/task/{}/syscall", thread_id));
  long number = -1;
  // If the kernel does not report it, any moment will do.
  return !(file >> number) || number == SYS_clock_nanosleep || number == SYS_nanosleep;
}

TEST_F(Create, LeavesTheFilesOfASuccessorAlone) {
  // The control file of a live writer was removed, so that another writer could create.
  auto first = create(channel_);
  ASSERT_TRUE(first) << message_of(first);
  std::filesystem::remove(control());
  auto second = create(channel_);
  ASSERT_TRUE(second) << message_of(second);
  second->write(bytes_of(std::uint64_t{2}));
  first = tl::unexpected(Error{});
  EXPECT_EQ(directory_.files().size(), 3U);
  EXPECT_EQ(read_number(attach().value()), "2");
}

TEST_F(Create, WaitsForAReaderThatIsJustClearingUp) {
  // A reader that leaves a closed segment holds the writer's lock for a moment. Here the test holds
  // it, and releases it when it sees the other thread pause. If it is held for too long, create
  // fails, so a slow machine has several rounds.
  std::string last;
  for (int round = 0; round < 50 && last != "ok"; ++round) {
    auto held = detail::lock_control(directory_.domain(), channel_);
    ASSERT_TRUE(held) << message_of(held);
    std::atomic<long> thread_id{0};
    std::atomic<bool> done{false};
    std::thread creator([&] {
      thread_id = ::syscall(SYS_gettid);
      last = outcome(create(channel_));
      done = true;
    });
    while (!done && !(thread_id != 0 && is_pausing(thread_id))) std::this_thread::yield();
    held = tl::unexpected(Error{});
    creator.join();
    EXPECT_TRUE(last == "ok" || last == "SegmentBusy") << last;
  }
  EXPECT_EQ(last, "ok");
}

TEST_F(Create, ReadersThatComeAndGoDoNotMakeItBusy) {
  // A reader that leaves a closed segment holds the writer's lock for a moment.
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto reader = attach();
        if (!reader) {
          const std::string error = outcome(reader);
          EXPECT_TRUE(error == "NotFound" || error == "NotReady") << message_of(reader);
        }
      }
    });
  }
  for (std::uint64_t round = 0; round < 300; ++round) {
    auto writer = create(channel_);
    ASSERT_TRUE(writer) << round << ": " << message_of(writer);
    writer->write(bytes_of(round));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  // Two readers that leave at the same time may each see the other as still attached; the next
  // create or attach then cleans up.
  EXPECT_EQ(outcome(create(channel_)), "ok");
  EXPECT_EQ(directory_.files(), std::vector<std::string>());
}

TEST_F(Create, OnlyOneOfManyThatComeTogetherWins) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> won{0};
    std::atomic<int> ready{0};
    std::atomic<int> done{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        ++ready;
        while (ready < kThreads) std::this_thread::yield();
        const auto writer = create(channel_);
        if (writer) {
          ++won;
        } else {
          EXPECT_EQ(outcome(writer), "SegmentBusy") << message_of(writer);
        }
        ++done;
        while (done < kThreads) std::this_thread::yield();  // the winner holds on until then
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(won, 1) << round;
    ASSERT_TRUE(directory_.files().empty()) << round;
  }
}

}  // namespace
}  // namespace evo::test
