// SPDX-License-Identifier: Apache-2.0
/// What does it cost to wait for several readers with a WaitSet?
///
/// The limit is `wait_for_change` on one reader: how long one of many readers takes to wake the
/// set, and what a publish costs that wakes it. A set sleeps on one word more than it has readers;
/// the bare system call shows what the kernel takes for that. A look at readers without a value is
/// compared with a look at as many bare words, each in a line of its own.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
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
#include "harness/wake.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

using namespace std::chrono_literals;

using Value = WakeValue;

/// Sleeps on `count` words, each in its own page, until one changes.
Figures run_futex_waitv(std::size_t count) {
  struct alignas(4096) Page {
    BareWord word;
  };
  const Shared<std::array<Page, WaitSet::kMostReaders>> pages;
  BareWord& word = (*pages)[count / 2].word;
  return measure_wake(
      [&] {
        return [&](const Value& value) {
          word.value = value;
          // release: pairs with the acquire load of the reader.
          word.count.fetch_add(1, std::memory_order_release);
          ::syscall(SYS_futex, &word.count, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
        };
      },
      [&] {
        std::vector<futex_waitv> words(count);
        for (std::size_t i = 0; i < count; ++i) {
          words[i].uaddr = reinterpret_cast<std::uintptr_t>(&(*pages)[i].word.count);
          words[i].flags = FUTEX_32;
        }
        return [&, words](Value& value) mutable {
          auto& seen = words[words.size() / 2].val;
          // acquire, both: pair with the release of the writer.
          while (word.count.load(std::memory_order_acquire) == seen) {
            const long woken =
                ::syscall(SYS_futex_waitv, words.data(), words.size(), 0, nullptr, 0);
            if (woken < 0 && (errno == ENOSYS || errno == EPERM)) give_up("no futex_waitv here");
          }
          seen = word.count.load(std::memory_order_acquire);
          value = word.value;
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

/// A function that publishes a value on the segment in the middle.
auto publisher(const Segments& segments) {
  return [writers = std::make_shared<std::deque<RawStateWriter>>(segments.create_all())](
             const Value& value) { publish(*writers, value); };
}

/// A function that sleeps in wait_for_change until the first segment has a value.
auto single_reader(const Segments& segments) {
  return [readers =
              std::make_shared<std::deque<RawStateReader>>(segments.attach_all())](Value& value) {
    while (!readers->front().wait_for_change(1s)) {
    }
    if (!readers->front().read(std::as_writable_bytes(std::span(&value, 1)))) {
      give_up("a read failed");
    }
  };
}

Figures run_one_reader() {
  const Segments segments(1);
  return measure_wake([&] { return publisher(segments); }, [&] { return single_reader(segments); });
}

Figures run_one_of(std::size_t count) {
  const Segments segments(count);
  return measure_wake([&] { return publisher(segments); },
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

/// How long a publish that wakes a reader takes.
template <class Sleep>
Figures measure_waking_publish(Sleep&& sleep) {
  const Segments segments(1);
  const Shared<WakeRun> run;
  const auto& cores = usable_cores();
  run_together({{cores.at(0),
                 [&] {
                   auto writers = segments.create_all();
                   run->barrier.wait_for(2);
                   run->barrier.wait_for(2);
                   std::vector<std::uint64_t> times;
                   Value value;
                   for (int i = 0; i <= kPublishes; ++i) {
                     pause_of_writer();
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
  return measure_waking_publish(single_reader);
}

void ask_all(Answer& answer, const Arguments& arguments) {
  Group wakes{
      .bytes = sizeof(Value), .limits = {{"limit: wait_for_change", run_one_reader}}, .cases = {}};
  for (const std::uint32_t count : {2U, 32U, 128U}) {
    wakes.cases.push_back({"bare futex_waitv", [=] { return run_futex_waitv(count); }, count});
  }
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

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  return evo::bench::run_benchmark(count, arguments, {.name = "wait_set", .unit = "ns"},
                                   "What does it cost to wait for several readers with a WaitSet?",
                                   evo::bench::ask_all);
}
