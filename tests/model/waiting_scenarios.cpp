// SPDX-License-Identifier: Apache-2.0
/// Sleeping until a publish. In the model a sleep has no timeout, so a lost wake-up leaves a reader
/// asleep.
#include "scenarios.hpp"

namespace evo::model {
namespace {

using test::MemorySegment;

constexpr auto kForever = std::chrono::nanoseconds::max();

struct Sleepers {
  WakeProtocol protocol = WakeProtocol::Fence;
  std::size_t readers = 1;
  std::uint64_t publishes = 1;
  bool first_may_die = false;
  bool first_waits_once = false;
};

/// Readers wait for a publish after the one that they know, again and again, until the last one.
Scenario woken(const Sleepers& with) {
  return [=](Run& run) {
    MemorySegment segment(pair_channel(3));
    segment.control().wake_protocol = static_cast<std::uint32_t>(with.protocol);
    auto publisher = segment.publisher();
    write(publisher, segment.geometry(), 1);
    share(run, segment);
    const Sequence last = 1 + with.publishes;
    run.thread([&] {
      for (Sequence n = 2; n <= last; ++n) write(publisher, segment.geometry(), n);
    });
    std::vector<std::size_t> threads;
    for (std::size_t i = 0; i < with.readers; ++i) {
      const Sequence until = with.first_waits_once && i == 0 ? 2 : last;
      const auto body = [&segment, until, i] {
        std::uint64_t seen = detail::complete_version(1);
        const detail::WriterEpoch epoch{.generation = 1, .phase = SegmentPhase::Open};
        while (seen < detail::complete_version(until)) {
          static_cast<void>(detail::wait({.header = &segment.header(),
                                          .control = &segment.control(),
                                          .entry = &segment.entry(static_cast<std::uint32_t>(i)),
                                          .seen_version = seen,
                                          .last_seen = epoch},
                                         kForever));
          seen = segment.header().version.load(std::memory_order_acquire);
        }
      };
      threads.push_back(with.first_may_die && i == 0 ? run.mortal(body) : run.thread(body));
    }
    if (!run.finish()) return;
    for (const std::size_t thread : threads) {
      run.expect(!run.sleeps(thread), "a reader sleeps although there is a publish");
    }
  };
}

const Registered kFence("waiting: woken, the writer executes a fence",
                        woken({.protocol = WakeProtocol::Fence, .publishes = 2}));
const Registered kBarrier("waiting: woken, the reader calls membarrier",
                          woken({.protocol = WakeProtocol::Membarrier, .publishes = 2}));
const Registered kTwo("waiting: two readers, the writer executes a fence",
                      woken({.protocol = WakeProtocol::Fence, .readers = 2}));
const Registered kTwoBarrier("waiting: two readers, they call membarrier",
                             woken({.protocol = WakeProtocol::Membarrier, .readers = 2}));
/// The one that is behind must not make the writer forget the other one.
const Registered kBehind("waiting: two readers, one is a publish behind",
                         woken({.protocol = WakeProtocol::Fence,
                                .readers = 2,
                                .publishes = 2,
                                .first_waits_once = true}),
                         {.preemptions = 3});
const Registered kKilled(
    "waiting: one of two readers is killed",
    woken({.protocol = WakeProtocol::Membarrier, .readers = 2, .first_may_die = true}),
    {.preemptions = 3});

/// What wakes a reader that sleeps on two segments.
enum class From { First, Second, Own };

/// A thread that sleeps on two segments and on a word of its own; one of them changes, once.
Scenario woken_from(WakeProtocol protocol, From from) {
  return [=](Run& run) {
    MemorySegment first(pair_channel(2));
    MemorySegment second(pair_channel(2));
    detail::sync::atomic<std::uint64_t> own{0};
    detail::sync::atomic<std::uint64_t> reason{0};
    for (MemorySegment* segment : {&first, &second}) {
      segment->control().wake_protocol = static_cast<std::uint32_t>(protocol);
      share(run, *segment);
    }
    run.share(own);
    run.share(reason);
    MemorySegment& changes = from == From::First ? first : second;
    auto publisher = changes.publisher();
    run.thread([&] {
      if (from != From::Own) {
        write(publisher, changes.geometry(), 1);
        return;
      }
      reason.store(1, std::memory_order_relaxed);
      own.store(1, std::memory_order_release);
      detail::wake(reinterpret_cast<const std::uint32_t*>(&own));  // NOLINT
    });
    const std::size_t sleeper = run.thread([&] {
      std::array<detail::Waiter, 2> waiters;
      for (std::size_t i = 0; i < 2; ++i) {
        MemorySegment& segment = i == 0 ? first : second;
        waiters.at(i) = {.header = &segment.header(),
                         .control = &segment.control(),
                         .entry = &segment.entry(0),
                         .seen_version = 0,
                         .last_seen = {.generation = 1, .phase = SegmentPhase::Open}};
      }
      detail::wait({.waiters = waiters, .own_word = &own, .own_value = 0});
      if (from != From::Own) return;
      run.expect(reason.load(std::memory_order_relaxed) == 1,
                 "what the word stands for is not there");
    });
    if (!run.finish()) return;
    run.expect(!run.sleeps(sleeper), "the thread sleeps although something has changed");
  };
}

const Registered kFirstOfTwo("waiting: on two segments, the first one changes",
                             woken_from(WakeProtocol::Fence, From::First));
const Registered kSecondOfTwo("waiting: on two segments, the second one changes",
                              woken_from(WakeProtocol::Membarrier, From::Second));
const Registered kOwn("waiting: on two segments, the own word changes",
                      woken_from(WakeProtocol::Membarrier, From::Own));

}  // namespace
}  // namespace evo::model
