// SPDX-License-Identifier: Apache-2.0
/// What wakes a wait set: publishes, descriptors, cycles, and requests to stop.
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <deque>
#include <filesystem>
#include <thread>

#include "child_process.hpp"
#include "evo/clock.hpp"
#include "evo/segment_info.hpp"
#include "wait_set_fixture.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

class WaitSetWake : public WaitSetTest {};

TEST_F(WaitSetWake, EveryPublishOfOneOfManyWakes) {
  constexpr std::size_t kSegments = 5;
  constexpr std::uint64_t kRounds = 200;
  std::deque<RawStateWriter> out;
  std::deque<RawStateReader> in;
  std::array<WaitToken, kSegments> tokens;
  WaitSet set;
  for (std::size_t i = 0; i < kSegments; ++i) {
    out.push_back(writer("probe_" + std::to_string(i)));
    in.push_back(reader("probe_" + std::to_string(i)));
    tokens.at(i) = set.add(in.back()).value();
  }
  std::atomic<std::uint64_t> seen{0};
  std::thread publisher([&] {
    for (std::uint64_t n = 1; n <= kRounds; ++n) {
      write(out[n % kSegments], n);
      while (seen.load() != n) std::this_thread::yield();
    }
  });
  for (std::uint64_t n = 1; n <= kRounds; ++n) {
    const Ready ready = set.wait(kLong, {.spin = n % 2 == 0 ? 0us : 20us});
    EXPECT_EQ(ready.size(), 1U);
    EXPECT_TRUE(ready.has(tokens.at(n % kSegments)));
    EXPECT_EQ(read_number(in[n % kSegments]), std::to_string(n));
    seen = n;
  }
  publisher.join();
}

TEST_F(WaitSetWake, TheReadersOfASleepingSetAreShown) {
  auto first_out = writer("first");
  const auto second_out = writer("second");
  auto first = reader("first");
  auto second = reader("second");
  const auto sleeps = [&](const char* name) {
    return inspect_segment(directory_.domain(), name).value().readers.at(0).sleeping;
  };
  WaitSet set;
  const WaitToken on_first = set.add(first).value();
  const WaitToken on_second = set.add(second).value();
  EXPECT_FALSE(sleeps("first"));
  const auto sleep_until_first_has = [&](std::uint64_t number) {
    std::thread publisher([&] {
      while (!sleeps("first") || !sleeps("second")) std::this_thread::yield();
      write(first_out, number);
    });
    EXPECT_TRUE(set.wait(kLong).has(on_first));
    publisher.join();
    EXPECT_FALSE(sleeps("first"));
  };

  sleep_until_first_has(1);
  EXPECT_EQ(read_number(first), "1");
  EXPECT_TRUE(set.wait(0ns).empty());
  EXPECT_FALSE(sleeps("second"));
  sleep_until_first_has(2);
  set.remove(on_second);
  EXPECT_FALSE(sleeps("second"));
}

TEST_F(WaitSetWake, NoReaderSleepsAfterItsSetIsGone) {
  auto out = writer("probe");
  const auto other_out = writer("other");
  auto in = reader("probe");
  auto other = reader("other");
  const auto sleeps = [&] {
    return inspect_segment(directory_.domain(), "other").value().readers.at(0).sleeping;
  };
  {
    WaitSet set;
    ASSERT_TRUE(set.add(in));
    ASSERT_TRUE(set.add(other));
    std::thread publisher([&] {
      while (!sleeps()) std::this_thread::yield();
      write(out, 1);
    });
    EXPECT_EQ(set.wait(kLong).size(), 1U);
    publisher.join();
  }
  EXPECT_FALSE(sleeps());
}

TEST_F(WaitSetWake, StopFromAnotherThread) {
  WaitSet set;
  std::thread stopper([&] {
    std::this_thread::sleep_for(20ms);
    set.stop();
  });
  const Ready ready = set.wait();
  EXPECT_TRUE(ready.stopped());
  EXPECT_FALSE(ready.empty());
  stopper.join();
  EXPECT_TRUE(set.wait(kLong).stopped()) << "every later wait returns immediately";
}

TEST_F(WaitSetWake, StopOfAFullSet) {
  auto out = writer("probe");
  std::deque<RawStateReader> in;
  WaitSet set;
  for (std::size_t i = 0; i < WaitSet::kMostReaders; ++i) {
    in.push_back(reader("probe"));
    ASSERT_TRUE(set.add(in.back()));
  }
  std::thread stopper([&] {
    std::this_thread::sleep_for(20ms);
    set.stop();
  });
  EXPECT_TRUE(set.wait().stopped());
  stopper.join();
}

WaitSet* stopped_by_signal = nullptr;
void stop_by_signal(int /*signal*/) {
  stopped_by_signal->stop();
}

TEST_F(WaitSetWake, StopFromASignalHandler) {
  auto out = writer("probe");
  auto in = reader("probe");
  WaitSet set;
  ASSERT_TRUE(set.add(in));
  stopped_by_signal = &set;
  struct sigaction action {};
  struct sigaction former {};
  action.sa_handler = stop_by_signal;
  ::sigaction(SIGUSR1, &action, &former);
  const pthread_t waiter = ::pthread_self();
  std::thread signaller([waiter] {
    std::this_thread::sleep_for(20ms);
    ::pthread_kill(waiter, SIGUSR1);
  });
  EXPECT_TRUE(set.wait().stopped());
  signaller.join();
  ::sigaction(SIGUSR1, &former, nullptr);
}

void ignore_signal(int /*signal*/) {}

TEST_F(WaitSetWake, ASignalEndsNoWaitEarly) {
  WaitSet set;
  struct sigaction action {};
  struct sigaction former {};
  action.sa_handler = ignore_signal;
  ::sigaction(SIGUSR1, &action, &former);
  const pthread_t waiter = ::pthread_self();
  std::thread signaller([waiter] {
    std::this_thread::sleep_for(10ms);
    ::pthread_kill(waiter, SIGUSR1);
  });
  const std::uint64_t start = monotonic_ns();
  EXPECT_TRUE(set.wait(40ms).empty());
  EXPECT_GE(monotonic_ns() - start, 40'000'000U);
  signaller.join();
  ::sigaction(SIGUSR1, &former, nullptr);
}

class WaitSetDescriptors : public WaitSetTest {};

TEST_F(WaitSetDescriptors, AreReadyAsLongAsTheyCanBeRead) {
  Pipe pipe;
  WaitSet set;
  const WaitToken token = set.add_fd(pipe.reading()).value();
  EXPECT_TRUE(set.wait(1ms).empty());
  ASSERT_EQ(::write(pipe.writing(), "x", 1), 1);
  EXPECT_EQ(set.wait(kLong).why(token), WaitReason::Readable);
  EXPECT_EQ(set.wait(kLong).why(token), WaitReason::Readable) << "nothing was read";
  char letter = 0;
  ASSERT_EQ(::read(pipe.reading(), &letter, 1), 1);
  EXPECT_TRUE(set.wait(1ms).empty());
  pipe.close_writing();
  EXPECT_EQ(set.wait(kLong).why(token), WaitReason::Readable) << "its end is to be read";
  set.remove(token);
  EXPECT_TRUE(set.wait(1ms).empty());
}

TEST_F(WaitSetDescriptors, WakeASetThatSleepsOnReadersToo) {
  auto out = writer("probe");
  auto in = reader("probe");
  const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  WaitSet set;
  const WaitToken token = set.add(in).value();
  const WaitToken descriptor = set.add_fd(event).value();
  std::atomic<int> turn{0};
  constexpr int kRounds = 100;
  std::thread other([&] {
    for (int round = 0; round < kRounds; ++round) {
      while (turn.load() != round) std::this_thread::yield();
      const std::uint64_t one = 1;
      if (round % 2 == 0) {
        EXPECT_EQ(::write(event, &one, sizeof(one)), 8);
      } else {
        write(out, static_cast<std::uint64_t>(round));
      }
    }
  });
  for (int round = 0; round < kRounds; ++round) {
    const Ready ready = set.wait(kLong, {.spin = 0ns});
    EXPECT_EQ(ready.why(descriptor), round % 2 == 0 ? WaitReason::Readable : WaitReason::None);
    EXPECT_EQ(ready.why(token), round % 2 == 0 ? WaitReason::None : WaitReason::Value);
    std::uint64_t count = 0;
    static_cast<void>(::read(event, &count, sizeof(count)));
    if (ready.has(token)) {
      EXPECT_EQ(read_number(in), std::to_string(round));
    }
    turn = round + 1;
  }
  other.join();
  ::close(event);
}

TEST_F(WaitSetDescriptors, WhatCannotBeWaitedForIsRefused) {
  WaitSet set;
  Pipe pipe;
  ASSERT_TRUE(set.add_fd(pipe.reading()));
  const auto twice = set.add_fd(pipe.reading());
  EXPECT_EQ(outcome(twice), "Unsupported");
  EXPECT_NE(message_of(twice).find("is already in this wait set"), std::string::npos);
  EXPECT_EQ(outcome(set.add_fd(-1)), "Io");
  const std::string path = directory_.domain().path() + "/file";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const auto regular = set.add_fd(file);
  EXPECT_EQ(outcome(regular), "Unsupported");
  EXPECT_NE(message_of(regular).find("always ready"), std::string::npos);
  ::close(file);
  EXPECT_TRUE(set.wait(1ms).empty()) << "what was refused is not in the set";
}

TEST_F(WaitSetDescriptors, AForkedChildMayDestroyTheSet) {
  Pipe pipe;
  auto set = std::make_optional<WaitSet>();
  const WaitToken token = set->add_fd(pipe.reading()).value();
  EXPECT_TRUE(set->wait(1ms).empty());
  ASSERT_EQ(::write(pipe.writing(), "x", 1), 1);
  const ChildResult child = Child([&]() -> std::string {
                              const bool empty = set->wait(1ms).empty();
                              const std::string refused = outcome(set->add_fd(pipe.writing()));
                              set.reset();
                              return (empty ? "empty, " : "ready, ") + refused;
                            }).join();
  EXPECT_EQ(child.text, "empty, Unsupported");
  EXPECT_TRUE(set->wait(kLong).has(token)) << "the child took nothing from the parent's set";
}

class WaitSetCycles : public WaitSetTest {};

TEST_F(WaitSetCycles, BeginAtMultiplesOfThePeriodPlusThePhase) {
  WaitSet set;
  const WaitToken token = set.add_cycle(2ms, {.phase = 500us}).value();
  std::uint64_t last = 0;
  std::uint64_t number = 0;
  for (int i = 0; i < 10; ++i) {
    const Ready ready = set.wait(kLong);
    ASSERT_EQ(ready.why(token), WaitReason::Cycle);
    const Cycle cycle = ready.cycle(token);
    EXPECT_EQ(cycle.scheduled_ns() % 2'000'000, 500'000U);
    EXPECT_GE(cycle.began_ns(), cycle.scheduled_ns());
    EXPECT_LT(cycle.lateness(), 2ms) << "later ones are skipped";
    EXPECT_EQ(cycle.number(), ++number);
    if (last != 0) {
      EXPECT_EQ(cycle.scheduled_ns(), last + 2'000'000 * (1 + ready.missed(token)));
    }
    last = cycle.scheduled_ns();
  }
}

TEST_F(WaitSetCycles, WhatWasMissedIsCounted) {
  WaitSet set;
  const WaitToken token = set.add_cycle(1ms).value();
  const std::uint64_t first = set.wait(kLong).cycle(token).scheduled_ns();
  std::this_thread::sleep_for(20ms);
  const Ready ready = set.wait(kLong);
  EXPECT_GE(ready.missed(token), 18U);
  EXPECT_EQ(ready.cycle(token).scheduled_ns(), first + 1'000'000 * (1 + ready.missed(token)));
  EXPECT_EQ(look(set, token), WaitReason::None) << "a cycle is reported once";
}

TEST_F(WaitSetCycles, OneReadyTokenDoesNotHideAnother) {
  auto out = writer("probe");
  auto in = reader("probe");
  write(out, 1);
  WaitSet set;
  const WaitToken value = set.add(in).value();
  const WaitToken tick = set.add_cycle(1ms).value();
  std::this_thread::sleep_for(3ms);
  const Ready ready = set.wait(kLong);
  EXPECT_TRUE(ready.has(value));
  EXPECT_TRUE(ready.has(tick));
  EXPECT_EQ(ready.cycle(value).number(), 0U);
}

TEST_F(WaitSetCycles, NeedAPeriod) {
  WaitSet set;
  EXPECT_EQ(outcome(set.add_cycle(0ns)), "Unsupported");
  EXPECT_EQ(message_of(set.add_cycle(-5ns)), "a cycle needs a period of at least 1 ns, not -5 ns");
}

}  // namespace
}  // namespace evo::test
