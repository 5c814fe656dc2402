// SPDX-License-Identifier: Apache-2.0
/// What do a write and a read cost on one core, as multiples of a memcpy of the same size?
///
/// One process has both endpoints, so every line is in its cache. The limit is a memcpy of the same
/// size, called by code that knows the size. Operations that a memcpy cannot do have their own
/// limits: one that also reads the clock, one that walks through a ring, and a read of one word
/// between two loads of a version. Google Benchmark runs the cases in random order, several times;
/// a ratio is that of the medians.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "evo/clock.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"
#include "harness/arguments.hpp"
#include "harness/bare.hpp"
#include "harness/channels.hpp"
#include "harness/processes.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

/// Collects the medians, by case and size.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      times_ns_[run.run_name.function_name].push_back(run.GetAdjustedRealTime());
    }
  }
  [[nodiscard]] const std::map<std::string, std::vector<double>>& times_ns() const {
    return times_ns_;
  }

 private:
  std::map<std::string, std::vector<double>> times_ns_;
};

template <class Channel>
struct Ends {
  test::TemporaryDomain directory;
  BenchStateWriter<Channel> writer =
      BenchStateWriter<Channel>::create({.domain = directory.domain()}).value();
  BenchStateReader<Channel> reader =
      BenchStateReader<Channel>::attach({.domain = directory.domain()}).value();
};

/// One row of the answer: its label, the number of bytes it moves, and its name in the run.
struct Asked {
  std::string what;
  std::size_t bytes;
  std::string name;
  bool limit = false;
};

class Register {
 public:
  template <class Body>
  void add(std::string what, std::size_t bytes, Body&& body, bool limit = false) {
    const std::string name = what + "/" + std::to_string(bytes);
    benchmark::RegisterBenchmark(name.c_str(), std::forward<Body>(body));
    asked_.push_back({std::move(what), bytes, name, limit});
  }
  [[nodiscard]] const std::vector<Asked>& asked() const { return asked_; }

 private:
  std::vector<Asked> asked_;
};

/// Hides from the compiler what is in the value, and that it is not used.
template <class Value>
void touch(Value& value) {
  benchmark::DoNotOptimize(&value);
  benchmark::ClobberMemory();
}

template <class Value>
void copy(benchmark::State& state) {
  const auto from = std::make_unique<Value>();
  const auto to = std::make_unique<Value>();
  for (auto _ : state) {
    touch(*from);
    std::memcpy(to.get(), from.get(), sizeof(Value));
    touch(*to);
  }
}

/// The cheapest clock of the machine.
std::uint64_t bare_clock() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return monotonic_ns();
#endif
}

template <class Value>
void copy_with_clock(benchmark::State& state) {
  const auto from = std::make_unique<Value>();
  const auto to = std::make_unique<Value>();
  for (auto _ : state) {
    touch(*from);
    benchmark::DoNotOptimize(bare_clock());
    std::memcpy(to.get(), from.get(), sizeof(Value));
    touch(*to);
  }
}

/// Copies into the next place of a ring and out of it again. The ring is as long as that of the
/// stream, so that both have their places in the same cache.
template <class Value>
void copy_through_ring(benchmark::State& state) {
  const auto ring = std::make_unique<BareRing<Value, 1>>();
  typename BareRing<Value, 1>::Writer writer(*ring);
  typename BareRing<Value, 1>::Reader reader(*ring, 0);
  const auto value = std::make_unique<Value>();
  for (auto _ : state) {
    touch(*value);
    writer.push(value.get(), 1);
    if (reader.take(value.get(), 1) != 1) give_up("nothing to take");
    touch(*value);
  }
}

/// Reads one word, and checks by a version that it was not overwritten during the read.
template <class Value>
void copy_one_field(benchmark::State& state) {
  std::atomic<std::uint64_t> version{0};
  const auto value = std::make_unique<Value>();
  for (auto _ : state) {
    touch(*value);
    // acquire: as if paired with the store of a writer, which does not exist here; only the cost
    // counts.
    const std::uint64_t before = version.load(std::memory_order_acquire);
    const std::uint64_t field = value->words[1];
    // acquire fence: pairs with the release of the same absent writer.
    std::atomic_thread_fence(std::memory_order_acquire);
    // relaxed: the fence keeps this load after the read of the field.
    if (version.load(std::memory_order_relaxed) != before) give_up("a read failed");
    benchmark::DoNotOptimize(field);
  }
}

template <class Channel>
void write(benchmark::State& state) {
  Ends<Channel> ends;
  const auto value = std::make_unique<typename Channel::Value>();
  for (auto _ : state) {
    touch(*value);
    ends.writer.write(*value);
  }
}

template <class Channel>
void read(benchmark::State& state) {
  Ends<Channel> ends;
  const auto value = std::make_unique<typename Channel::Value>();
  ends.writer.write(*value);
  for (auto _ : state) {
    if (!ends.reader.read_into(*value)) give_up("a read failed");
    touch(*value);
  }
}

template <class Channel>
void read_returned(benchmark::State& state) {
  Ends<Channel> ends;
  ends.writer.write({});
  for (auto _ : state) {
    const auto sample = ends.reader.read();
    if (!sample) give_up("a read failed");
    touch(sample->value);
  }
}

template <std::size_t kBytes>
void push_next(benchmark::State& state) {
  using Channel = BenchStream<kBytes, Overflow::Block>;
  const test::TemporaryDomain directory;
  auto writer = created<BenchStreamWriter<Channel>>(directory.domain());
  auto reader = attached<BenchStreamReader<Channel>>(directory.domain());
  const auto value = std::make_unique<Payload<kBytes>>();
  for (auto _ : state) {
    touch(*value);
    writer.push(*value);
    const auto item = reader.next();
    if (!item) give_up("nothing to take");
    touch(item->value);
  }
}

template <class Channel>
void read_new(benchmark::State& state) {
  Ends<Channel> ends;
  const auto value = std::make_unique<typename Channel::Value>();
  for (auto _ : state) {
    touch(*value);
    ends.writer.write(*value);
    if (!ends.reader.has_changed() || !ends.reader.read_into(*value)) give_up("a read failed");
    touch(*value);
  }
}

template <class Channel>
void has_changed(benchmark::State& state) {
  Ends<Channel> ends;
  ends.writer.write({});
  static_cast<void>(ends.reader.read());
  for (auto _ : state) benchmark::DoNotOptimize(ends.reader.has_changed());
}

template <class Channel>
void write_untyped(benchmark::State& state) {
  const test::TemporaryDomain directory;
  auto writer = RawStateWriter::create(describe<Channel>(), {.domain = directory.domain()}).value();
  const auto value = std::make_unique<typename Channel::Value>();
  for (auto _ : state) {
    touch(*value);
    writer.write(std::as_bytes(std::span(value.get(), 1)));
  }
}

template <class Channel>
void read_untyped(benchmark::State& state) {
  Ends<Channel> ends;
  ends.writer.write({});
  auto reader =
      RawStateReader::attach(describe<Channel>(), {.domain = ends.directory.domain()}).value();
  const auto value = std::make_unique<typename Channel::Value>();
  for (auto _ : state) {
    if (!reader.read(std::as_writable_bytes(std::span(value.get(), 1)))) give_up("a read failed");
    touch(*value);
  }
}

template <class Channel>
void read_field(benchmark::State& state) {
  Ends<Channel> ends;
  const auto value = std::make_unique<typename Channel::Value>();
  ends.writer.write(*value);
  for (auto _ : state) {
    const auto field = ends.reader.second();
    if (!field) give_up("a read failed");
    benchmark::DoNotOptimize(*field);
  }
}

template <std::size_t kBytes>
std::uint64_t sum_of(const Payload<kBytes>& value) {
  std::uint64_t sum = 0;
  for (const std::uint64_t word : value.words) sum += word;
  return sum;
}

/// The cost of a calculation on a value in place: on the heap, and in a slot of a stream.
template <std::size_t kBytes>
void use_native(benchmark::State& state) {
  const auto value = std::make_unique<Payload<kBytes>>();
  for (auto _ : state) {
    touch(*value);
    benchmark::DoNotOptimize(sum_of(*value));
  }
}

template <std::size_t kBytes>
void use_in_place(benchmark::State& state) {
  using Channel = BenchStream<kBytes, Overflow::Block>;
  const test::TemporaryDomain directory;
  auto writer = created<BenchStreamWriter<Channel>>(directory.domain());
  auto reader = attached<BenchStreamReader<Channel>>(directory.domain());
  const auto value = std::make_unique<Payload<kBytes>>();
  writer.push(*value);
  for (auto _ : state) {
    auto view = reader.view();
    if (!view) give_up("nothing to read");
    benchmark::DoNotOptimize(sum_of(**view));
    view->give_back();
  }
}

template <std::size_t kBytes>
void ask_size(Register& registered) {
  using Channel = BenchState<kBytes>;
  using Stamped = BenchState<kBytes, Stamp::Monotonic>;
  using Value = Payload<kBytes>;
  registered.add("limit: memcpy", kBytes, copy<Value>, true);
  registered.add("write", kBytes, write<Channel>);
  registered.add("write, untyped", kBytes, write_untyped<Channel>);
  registered.add("read", kBytes, read<Channel>);
  registered.add("read, untyped", kBytes, read_untyped<Channel>);
  registered.add("read, stamped", kBytes, read<Stamped>);
  registered.add("read, returned", kBytes, read_returned<Channel>);
  registered.add("write, changed?, read", kBytes, read_new<Channel>);
  registered.add("limit: memcpy and clock", kBytes, copy_with_clock<Value>, true);
  registered.add("write, stamped", kBytes, write<Stamped>);
  // 1024 values of 1 MiB would exceed the maximum segment size.
  if constexpr (kBytes < 1'048'576) {
    registered.add("limit: bare ring", kBytes, copy_through_ring<Value>, true);
    registered.add("push, next", kBytes, push_next<kBytes>);
  }
  registered.add("limit: bare field", kBytes, copy_one_field<Value>, true);
  registered.add("read of one field", kBytes, read_field<Channel>);
}

template <std::size_t kBytes>
void ask_in_place(Register& registered) {
  registered.add("limit: sum of a native struct", kBytes, use_native<kBytes>, true);
  registered.add("sum in place, by a view", kBytes, use_in_place<kBytes>);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void ask_all(Answer& answer, const Arguments& arguments) {
  pin_to_core(usable_cores().at(0));
  Register registered;
  ask_size<56>(registered);
  ask_size<64>(registered);
  ask_size<1024>(registered);
  ask_size<4096>(registered);
  if (!arguments.quick) {
    ask_size<65536>(registered);
    ask_size<1048576>(registered);
    ask_in_place<64>(registered);
    ask_in_place<4096>(registered);
    ask_in_place<65536>(registered);
  }
  registered.add("changed?", 64, has_changed<BenchState<64>>);

  const std::string repetitions = "--benchmark_repetitions=" + std::to_string(arguments.rounds);
  std::vector<const char*> options{"uncontended_bench", repetitions.c_str(),
                                   "--benchmark_enable_random_interleaving=true",
                                   "--benchmark_min_time=0.02"};
  int count = static_cast<int>(options.size());
  benchmark::Initialize(&count, const_cast<char**>(options.data()));
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);

  double limit = 0;
  for (const Asked& asked : registered.asked()) {
    const auto found = std::find_if(collector.times_ns().begin(), collector.times_ns().end(),
                                    [&](const auto& entry) { return entry.first == asked.name; });
    if (found == collector.times_ns().end()) throw std::runtime_error(asked.name + " did not run");
    const std::vector<double>& times = found->second;
    Row row;
    row.what = asked.what;
    row.bytes = asked.bytes;
    row.runs = times.size();
    row.least = *std::min_element(times.begin(), times.end());
    row.median = median(times);
    row.most = *std::max_element(times.begin(), times.end());
    if (asked.limit) {
      limit = row.median;
    } else if (asked.what != "changed?") {
      row.ratio = row.median / limit;
    }
    answer.add(std::move(row));
  }
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  return evo::bench::run_benchmark(count, arguments, {.name = "uncontended", .unit = "ns"},
                                   "What do a write and a read cost on one core?",
                                   evo::bench::ask_all);
}
