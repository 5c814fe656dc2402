// SPDX-License-Identifier: Apache-2.0
/// The explorer finds what the memory model allows, and nothing else: the usual litmus tests, named
/// as in the literature.
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "explorer.hpp"
#include "model_atomic.hpp"

namespace evo::model {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;
constexpr auto kSeqCst = std::memory_order_seq_cst;

using Word = atomic<std::uint64_t>;
/// What the threads of one execution loaded.
using Outcome = std::array<std::uint64_t, 4>;

/// Two words, and the places for what is loaded.
struct Memory {
  Word x{0};
  Word y{0};
  Outcome loaded{};
};

using Body = std::function<void(Memory&)>;

std::set<Outcome> outcomes(const std::vector<Body>& bodies, std::size_t violations = 0) {
  std::set<Outcome> all;
  Limits limits;
  limits.stop_at_violation = false;
  const Exploration exploration = explore(
      [&](model::Run& run) {
        Memory memory;
        run.share(memory.x);
        run.share(memory.y);
        for (const Body& body : bodies) run.thread([&] { body(memory); });
        if (!run.finish()) return;
        all.insert(memory.loaded);
      },
      limits);
  EXPECT_TRUE(exploration.complete);
  EXPECT_EQ(exploration.violations != 0, violations != 0) << exploration.first_violation;
  return all;
}

/// Fences of this order between the two accesses of a thread; relaxed: none.
void fence(std::memory_order order) {
  if (order != kRelaxed) model::atomic_thread_fence(order);
}

std::set<Outcome> message_passing(std::memory_order store, std::memory_order load,
                                  std::memory_order store_fence = kRelaxed,
                                  std::memory_order load_fence = kRelaxed) {
  return outcomes({[=](Memory& m) {
                     m.x.store(1, kRelaxed);
                     fence(store_fence);
                     m.y.store(1, store);
                   },
                   [=](Memory& m) {
                     m.loaded[0] = m.y.load(load);
                     fence(load_fence);
                     m.loaded[1] = m.x.load(kRelaxed);
                   }});
}

TEST(Litmus, MessagePassing) {
  const std::set<Outcome> ordered{{0, 0}, {0, 1}, {1, 1}};
  std::set<Outcome> all = ordered;
  all.insert({1, 0});
  EXPECT_EQ(message_passing(kRelaxed, kRelaxed), all);
  EXPECT_EQ(message_passing(kRelease, kRelaxed), all);
  EXPECT_EQ(message_passing(kRelaxed, kAcquire), all);
  EXPECT_EQ(message_passing(kRelease, kAcquire), ordered);
  EXPECT_EQ(message_passing(kRelaxed, kRelaxed, kRelease, kAcquire), ordered);
  EXPECT_EQ(message_passing(kRelease, kRelaxed, kRelaxed, kAcquire), ordered);
  EXPECT_EQ(message_passing(kRelaxed, kAcquire, kRelease), ordered);
}

std::set<Outcome> store_buffering(std::memory_order order) {
  return outcomes({[=](Memory& m) {
                     m.x.store(1, kRelease);
                     fence(order);
                     m.loaded[0] = m.y.load(kAcquire);
                   },
                   [=](Memory& m) {
                     m.y.store(1, kRelease);
                     fence(order);
                     m.loaded[1] = m.x.load(kAcquire);
                   }});
}

TEST(Litmus, StoreBuffering) {
  EXPECT_TRUE(store_buffering(kRelaxed).contains({0, 0}));
  EXPECT_TRUE(store_buffering(std::memory_order_acq_rel).contains({0, 0}));
  EXPECT_FALSE(store_buffering(kSeqCst).contains({0, 0}));
}

std::set<Outcome> independent_reads(std::memory_order order) {
  return outcomes({[](Memory& m) { m.x.store(1, kRelease); },
                   [](Memory& m) { m.y.store(1, kRelease); },
                   [=](Memory& m) {
                     m.loaded[0] = m.x.load(kAcquire);
                     fence(order);
                     m.loaded[1] = m.y.load(kAcquire);
                   },
                   [=](Memory& m) {
                     m.loaded[2] = m.y.load(kAcquire);
                     fence(order);
                     m.loaded[3] = m.x.load(kAcquire);
                   }});
}

TEST(Litmus, IndependentReadsOfIndependentWrites) {
  EXPECT_TRUE(independent_reads(kRelaxed).contains({1, 0, 1, 0}));
  EXPECT_FALSE(independent_reads(kSeqCst).contains({1, 0, 1, 0}));
}

TEST(Litmus, StoresOfTwoThreadsToOneWordHaveOneOrder) {
  const auto found = outcomes({[](Memory& m) { m.x.store(1, kRelaxed); },
                               [](Memory& m) { m.x.store(2, kRelaxed); },
                               [](Memory& m) {
                                 m.loaded[0] = m.x.load(kRelaxed);
                                 m.loaded[1] = m.x.load(kRelaxed);
                               },
                               [](Memory& m) {
                                 m.loaded[2] = m.x.load(kRelaxed);
                                 m.loaded[3] = m.x.load(kRelaxed);
                               }});
  EXPECT_TRUE(found.contains({1, 2, 1, 2}));
  EXPECT_TRUE(found.contains({2, 1, 2, 1}));
  EXPECT_FALSE(found.contains({1, 2, 2, 1}));
  EXPECT_FALSE(found.contains({1, 0, 0, 0}));
}

/// Each word may end with the store that came first in its thread.
TEST(Litmus, TwoPlusTwoWrites) {
  std::set<Outcome> ends;
  explore([&](model::Run& run) {
    Memory memory;
    run.share(memory.x);
    run.share(memory.y);
    run.thread([&] {
      memory.x.store(1, kRelaxed);
      memory.y.store(2, kRelaxed);
    });
    run.thread([&] {
      memory.y.store(1, kRelaxed);
      memory.x.store(2, kRelaxed);
    });
    if (run.finish()) ends.insert({memory.x.load(), memory.y.load()});
  });
  EXPECT_EQ(ends, (std::set<Outcome>{{1, 1}, {1, 2}, {2, 1}, {2, 2}}));
}

void add_one(Word& word, std::memory_order order) {
  std::uint64_t seen = word.load(kRelaxed);
  while (!word.compare_exchange_strong(seen, seen + 1, order, kRelaxed)) {
  }
}

TEST(Litmus, UpdatesLoseNothing) {
  std::set<std::uint64_t> sums;
  explore([&](model::Run& run) {
    Memory memory;
    run.share(memory.x);
    for (int i = 0; i < 3; ++i) run.thread([&] { add_one(memory.x, kRelaxed); });
    if (run.finish()) sums.insert(memory.x.load());
  });
  EXPECT_EQ(sums, std::set<std::uint64_t>{3});
}

/// An update continues the release sequence of the store that it read; a plain store does not.
TEST(Litmus, ReleaseSequence) {
  const Body release = [](Memory& m) {
    m.x.store(1, kRelaxed);
    m.y.store(1, kRelease);
  };
  const Body acquire = [](Memory& m) {
    m.loaded[0] = m.y.load(kAcquire);
    m.loaded[1] = m.x.load(kRelaxed);
  };
  const auto by_update = outcomes({release, [](Memory& m) { add_one(m.y, kRelaxed); }, acquire});
  EXPECT_TRUE(by_update.contains({2, 1}));
  EXPECT_FALSE(by_update.contains({2, 0}));
  const auto by_store = outcomes({release,
                                  [](Memory& m) {
                                    if (m.y.load(kRelaxed) == 1) m.y.store(2, kRelaxed);
                                  },
                                  acquire});
  EXPECT_TRUE(by_store.contains({2, 0}));
}

/// RC11 forbids it, so it is never found; hardware may show it (see explorer.hpp).
TEST(Litmus, LoadBufferingIsNotExplored) {
  const auto found = outcomes({[](Memory& m) {
                                 m.loaded[0] = m.x.load(kRelaxed);
                                 m.y.store(1, kRelaxed);
                               },
                               [](Memory& m) {
                                 m.loaded[1] = m.y.load(kRelaxed);
                                 m.x.store(1, kRelaxed);
                               }});
  EXPECT_FALSE(found.contains({1, 1}));
}

/// A load without atomics races with a store unless a release and an acquire are between them.
TEST(Litmus, DataRace) {
  const auto use_then_reuse = [](std::memory_order store, std::memory_order load) {
    return std::vector<Body>{[=](Memory& m) {
                               static_cast<void>(plain_load(&m.x));
                               m.y.store(1, store);
                             },
                             [=](Memory& m) {
                               if (m.y.load(load) == 1) m.x.store(1, kRelaxed);
                             }};
  };
  outcomes(use_then_reuse(kRelease, kAcquire), 0);
  outcomes(use_then_reuse(kRelaxed, kAcquire), 1);
  outcomes(use_then_reuse(kRelease, kRelaxed), 1);
}

TEST(Litmus, AThreadIsKilledBeforeEachOfItsSteps) {
  std::set<std::uint64_t> steps;
  explore([&](model::Run& run) {
    Memory memory;
    run.share(memory.x);
    const std::size_t doomed = run.mortal([&] {
      for (std::uint64_t i = 1; i <= 3; ++i) memory.x.store(i, kRelaxed);
    });
    std::uint64_t left = 0;
    run.after(doomed, [&] { left = memory.x.load(kRelaxed); });
    if (run.finish()) steps.insert(left);
  });
  EXPECT_EQ(steps, (std::set<std::uint64_t>{0, 1, 2, 3}));
}

/// Sleeps if the word is 0.
void sleep_on(const void* address) {
  const FutexWord word{address, 0};
  Machine::running()->futex_wait({&word, 1});
}

TEST(Litmus, AFutexSleepsUntilItIsWoken) {
  std::size_t asleep = 0;
  std::size_t awake = 0;
  explore([&](model::Run& run) {
    Memory memory;
    run.share(memory.x);
    // Without a wake: asleep, unless the store came first.
    run.thread([&] { memory.x.store(1, kRelaxed); });
    const std::size_t sleeper = run.thread([&] { sleep_on(&memory.x); });
    if (!run.finish()) return;
    ++(run.sleeps(sleeper) ? asleep : awake);
  });
  EXPECT_GT(asleep, 0U);
  EXPECT_GT(awake, 0U);
  explore([&](model::Run& run) {
    Memory memory;
    run.share(memory.x);
    run.thread([&] {
      memory.x.store(1, kRelaxed);
      Machine::running()->futex_wake(&memory.x);
    });
    const std::size_t sleeper = run.thread([&] { sleep_on(&memory.x); });
    if (!run.finish()) return;
    EXPECT_FALSE(run.sleeps(sleeper));
  });
}

TEST(Litmus, AThreadThatSleepsOnTwoWordsIsWokenByEither) {
  for (const bool second : {false, true}) {
    explore([&](model::Run& run) {
      Memory memory;
      run.share(memory.x);
      run.share(memory.y);
      auto& changed = second ? memory.y : memory.x;
      run.thread([&] {
        changed.store(1, kRelaxed);
        Machine::running()->futex_wake(&changed);
      });
      const std::size_t sleeper = run.thread([&] {
        const std::array<FutexWord, 2> words{{{&memory.x, 0}, {&memory.y, 0}}};
        Machine::running()->futex_wait(words);
      });
      if (!run.finish()) return;
      EXPECT_FALSE(run.sleeps(sleeper));
    });
  }
}

}  // namespace
}  // namespace evo::model
