// SPDX-License-Identifier: Apache-2.0
/// How long does it take until a sleeping reader has the value?
///
/// A writer on one core publishes every 2 ms, and a reader on another core sleeps until it does. A
/// figure is the time from just before the publish until the reader has the value. The limit is a
/// bare futex. `wait_for_change` spins for 20 us before it sleeps, which is always too short here.
///
/// A WaitSet is compared with `wait_for_change` on one reader: how long one of many readers takes
/// to wake it, and what a publish costs that wakes. Its look at readers without a value is compared
/// with a look at as many bare words, each in a line of its own.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <ctime>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"
#include "evo/wait_set.hpp"
#include "harness/arguments.hpp"
#include "harness/channels.hpp"
#include "harness/rounds.hpp"
#include "harness/timing.hpp"
#include "peers/peer.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

using namespace std::chrono_literals;

constexpr int kPublishes = 200;
constexpr std::uint64_t kEnd = 1;  // in place of a time
using Value = Payload<64>;

struct Run {
  Barrier barrier;
  TimesFound times;
};

/// `write()` returns a function that publishes a value, `read()` one that sleeps until it has a
/// value.
template <class Write, class Read>
Figures measure_wake(Write&& write, Read&& read) {
  const Shared<Run> run;
  const auto& cores = usable_cores();
  run_together({{cores.at(0),
                 [&] {
                   auto publish = write();
                   run->barrier.wait_for(2);
                   run->barrier.wait_for(2);
                   Value value;
                   for (int i = 0; i < kPublishes; ++i) {
                     const timespec pause{0, 2'000'000};
                     ::nanosleep(&pause, nullptr);
                     value.number(monotonic_ns());
                     publish(value);
                   }
                   value.number(kEnd);
                   publish(value);
                   run->barrier.wait_for(2);
                 }},
                {cores.at(1), [&] {
                   run->barrier.wait_for(2);
                   auto take = read();
                   run->barrier.wait_for(2);
                   std::vector<std::uint64_t> times;
                   Value value;
                   // Possibly fewer than were published: a state keeps only the latest.
                   for (take(value); value.number() != kEnd; take(value)) {
                     times.push_back(monotonic_ns() - value.number());
                   }
                   run->times.set(times);
                   run->barrier.wait_for(2);
                 }}});
  return run->times.figures();
}

Figures run_state() {
  using Channel = BenchState<64>;
  const test::TemporaryDomain directory;
  return measure_wake(
      [&] {
        return [writer = created<BenchStateWriter<Channel>>(directory.domain())](
                   const Value& value) mutable { writer.write(value); };
      },
      [&] {
        return [reader =
                    attached<BenchStateReader<Channel>>(directory.domain())](Value& value) mutable {
          while (!reader.wait_for_change(1s)) {
          }
          if (!reader.read_into(value)) give_up("a read failed");
        };
      });
}

struct BareWord {
  std::atomic<std::uint32_t> count{0};
  Value value;
};

Figures run_futex() {
  const Shared<BareWord> word;
  return measure_wake(
      [&] {
        return [&](const Value& value) {
          word->value = value;
          // release: pairs with the acquire load of the reader.
          word->count.fetch_add(1, std::memory_order_release);
          ::syscall(SYS_futex, &word->count, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
        };
      },
      [&] {
        return [&, seen = std::uint32_t{0}](Value& value) mutable {
          // acquire, both: pair with the release of the writer.
          while (word->count.load(std::memory_order_acquire) == seen) {
            ::syscall(SYS_futex, &word->count, FUTEX_WAIT, seen, nullptr, nullptr, 0);
          }
          seen = word->count.load(std::memory_order_acquire);
          value = word->value;
        };
      });
}

Figures run_peer(const Peer& peer) {
  const auto link = peer.make({.bytes = sizeof(Value)});
  return measure_wake(
      [&] {
        return [sender = std::shared_ptr(link->open_sender())](const Value& value) {
          sender->send(std::as_bytes(std::span(&value, 1)));
        };
      },
      [&] {
        return [receiver = std::shared_ptr(link->open_receiver(0))](Value& value) {
          receiver->receive(std::as_writable_bytes(std::span(&value, 1)));
        };
      });
}

/// Segments of one domain, all with one writer.
class Segments {
 public:
  explicit Segments(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) names_.push_back("bench_" + std::to_string(i));
  }

  [[nodiscard]] std::deque<RawStateWriter> create_all() const {
    const ResourceLimits limits{.segments_per_process = WaitSet::kMostReaders};
    std::deque<RawStateWriter> writers;
    for (const std::string& name : names_) {
      auto writer = RawStateWriter::create(test::raw_channel(name, sizeof(Value)),
                                           {.domain = directory_.domain(), .limits = limits});
      if (!writer) give_up(writer.error().message);
      writers.push_back(std::move(*writer));
    }
    return writers;
  }
  [[nodiscard]] std::deque<RawStateReader> attach_all() const {
    std::deque<RawStateReader> readers;
    for (const std::string& name : names_) {
      auto reader = RawStateReader::attach(name, {.domain = directory_.domain()});
      if (!reader) give_up(reader.error().message);
      readers.push_back(std::move(*reader));
    }
    return readers;
  }

 private:
  test::TemporaryDomain directory_;
  std::vector<std::string> names_;
};

/// How a reader sleeps until one of its segments has a value.
class Sleeper {
 public:
  explicit Sleeper(const Segments& segments) : readers_(segments.attach_all()) {
    for (RawStateReader& reader : readers_) {
      if (!set_.add(reader)) give_up("a reader does not fit");
    }
  }

  void sleep() {
    while (set_.wait(1s).empty()) {
    }
  }
  void look() {
    if (!set_.wait(0s).empty()) give_up("nothing was written");
  }
  /// The value of the reader in the middle, which is the one that is written.
  void take(Value& value) {
    if (!readers_[readers_.size() / 2].read(std::as_writable_bytes(std::span(&value, 1)))) {
      give_up("a read failed");
    }
  }

 private:
  std::deque<RawStateReader> readers_;
  WaitSet set_;
};

void publish(std::deque<RawStateWriter>& writers, const Value& value) {
  if (!writers[writers.size() / 2].write(std::as_bytes(std::span(&value, 1)))) {
    give_up("a write failed");
  }
}

Figures run_one_of(std::size_t count) {
  const Segments segments(count);
  return measure_wake(
      [&] {
        return [writers = std::make_shared<std::deque<RawStateWriter>>(segments.create_all())](
                   const Value& value) { publish(*writers, value); };
      },
      [&] {
        return [sleeper = std::make_shared<Sleeper>(segments)](Value& value) {
          sleeper->sleep();
          sleeper->take(value);
        };
      });
}

constexpr int kLooks = 20'000;

/// Median over batches of the time of one call.
template <class Look>
Figures measure_looks(Look&& look) {
  constexpr int kBatches = 20;
  std::vector<double> times;
  for (int batch = 0; batch < kBatches; ++batch) {
    const std::uint64_t start = monotonic_ns();
    for (int i = 0; i < kLooks / kBatches; ++i) look();
    times.push_back(static_cast<double>(monotonic_ns() - start) * kBatches / kLooks);
  }
  std::nth_element(times.begin(), times.begin() + kBatches / 2, times.end());
  return {.typical = times[kBatches / 2]};
}

Figures run_look(std::size_t count) {
  const Segments segments(count);
  const auto writers = segments.create_all();
  Sleeper sleeper(segments);
  return measure_looks([&] { sleeper.look(); });
}

Figures run_bare_look(std::size_t count) {
  struct alignas(64) Word {
    std::atomic<std::uint64_t> version{0};
  };
  std::vector<Word> words(count);
  std::uint64_t sum = 0;
  const Figures figures = measure_looks([&] {
    // acquire: as if paired with the store of a writer, which does not exist here.
    for (const Word& word : words) sum += word.version.load(std::memory_order_acquire);
    sum += monotonic_ns();
  });
  asm volatile("" : : "r"(sum));  // the compiler must not remove the loads
  return figures;
}

/// How long a publish takes that wakes a reader.
template <class Sleep>
Figures measure_waking_publish(Sleep&& sleep) {
  const Segments segments(1);
  const Shared<Run> run;
  const auto& cores = usable_cores();
  run_together({{cores.at(0),
                 [&] {
                   auto writers = segments.create_all();
                   run->barrier.wait_for(2);
                   run->barrier.wait_for(2);
                   std::vector<std::uint64_t> times;
                   Value value;
                   for (int i = 0; i <= kPublishes; ++i) {
                     const timespec pause{0, 2'000'000};
                     ::nanosleep(&pause, nullptr);
                     value.number(i == kPublishes ? kEnd : 2);
                     const std::uint64_t start = monotonic_ns();
                     publish(writers, value);
                     times.push_back(monotonic_ns() - start);
                   }
                   run->times.set(times);
                   run->barrier.wait_for(2);
                 }},
                {cores.at(1), [&] {
                   run->barrier.wait_for(2);
                   auto take = sleep(segments);
                   run->barrier.wait_for(2);
                   Value value;
                   do {
                     take(value);
                   } while (value.number() != kEnd);
                   run->barrier.wait_for(2);
                 }}});
  return run->times.figures();
}

Figures run_publish_to_set() {
  return measure_waking_publish([](const Segments& segments) {
    return [sleeper = std::make_shared<Sleeper>(segments)](Value& value) {
      sleeper->sleep();
      sleeper->take(value);
    };
  });
}

Figures run_publish_to_reader() {
  return measure_waking_publish([](const Segments& segments) {
    return [readers =
                std::make_shared<std::deque<RawStateReader>>(segments.attach_all())](Value& value) {
      while (!readers->front().wait_for_change(1s)) {
      }
      if (!readers->front().read(std::as_writable_bytes(std::span(&value, 1)))) {
        give_up("a read failed");
      }
    };
  });
}

void ask_of_sets(Answer& answer, const Arguments& arguments) {
  Group wakes{
      .bytes = sizeof(Value), .limits = {{"limit: wait_for_change", run_state}}, .cases = {}};
  for (const std::uint32_t count : {1U, 32U, 128U}) {
    wakes.cases.push_back(
        {"WaitSet, one of them writes", [=] { return run_one_of(count); }, count});
  }
  measure(answer, wakes, arguments.rounds);
  measure(answer,
          {.bytes = sizeof(Value),
           .limits = {{"limit: publish, wakes wait_for_change", run_publish_to_reader}},
           .cases = {{"publish, wakes a WaitSet", run_publish_to_set}}},
          arguments.rounds);
  for (const std::uint32_t count : {8U, 32U, 128U}) {
    measure(answer,
            {.bytes = sizeof(Value),
             .limits = {{"limit: look at bare words", [=] { return run_bare_look(count); }, count}},
             .cases = {{"WaitSet, wait(0)", [=] { return run_look(count); }, count}}},
            arguments.rounds);
  }
}

void ask_all(Answer& answer, const Arguments& arguments) {
  Group group;
  group.bytes = sizeof(Value);
  group.limits = {{"limit: bare futex", run_futex}};
  group.cases = {{"state, wait_for_change", run_state}};
  for (const Peer& peer : peers()) {
    if (!arguments.peers || !peer.blocks) continue;
    group.cases.push_back({peer.name, [&peer] { return run_peer(peer); }});
  }
  measure(answer, group, arguments.rounds);
  ask_of_sets(answer, arguments);
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  return evo::bench::run_benchmark(count, arguments, {.name = "wake", .unit = "ns"},
                                   "How long until a sleeping reader has the value?",
                                   evo::bench::ask_all);
}
