// SPDX-License-Identifier: Apache-2.0
/// What does a read of a new value cost, and how often does the writer overtake it?
///
/// A writer on one core writes at a fixed rate, or as fast as it can; a reader on another core
/// polls, and reads each new value that it sees. A figure is the time of such a read, from the
/// moment when a new value is detected. The limit is the same read without concurrent writes. For a
/// writer at full speed it is bare memory written in the same way, because the transfer of the
/// cache line between the two cores then takes nearly all of the time.
#include <fmt/format.h>

#include <atomic>

#include "harness/arguments.hpp"
#include "harness/bare.hpp"
#include "harness/channels.hpp"
#include "harness/rounds.hpp"
#include "harness/timing.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

constexpr std::uint64_t kDurationNs = 60'000'000;
constexpr std::size_t kMostReads = 20'000;

struct Run {
  Barrier barrier;
  std::atomic<bool> done{false};
  TimesFound times;
  double retries_in_100 = 0;
  double contended_in_100 = 0;
  double reads_per_second = 0;
};

template <class Channel>
void write_at(BenchStateWriter<Channel>& writer, std::uint64_t period_ns, const Run& run) {
  auto value = std::make_unique<typename Channel::Value>();
  std::uint64_t n = 0;
  std::uint64_t next = monotonic_ns();
  // relaxed: only a stop flag.
  while (!run.done.load(std::memory_order_relaxed)) {
    if (period_ns != 0) {
      if (monotonic_ns() < next) continue;
      next += period_ns;
    }
    value->number(++n);
    writer.write(*value);
  }
}

/// The time of each read that follows a change.
template <class HasChanged, class Read>
std::vector<std::uint64_t> times_of_reads(HasChanged&& has_changed, Read&& read) {
  const std::uint64_t clock_cost = clock_cost_ns();
  std::vector<std::uint64_t> times;
  const std::uint64_t end = monotonic_ns() + kDurationNs;
  while (monotonic_ns() < end && times.size() < kMostReads) {
    if (has_changed()) times.push_back(time_ns(clock_cost, read));
  }
  if (times.empty()) give_up("nothing was written");
  return times;
}

template <class Channel>
void read_new(BenchStateReader<Channel>& reader, Run& run) {
  auto value = std::make_unique<typename Channel::Value>();
  std::uint64_t contended = 0;
  const std::uint64_t start = monotonic_ns();
  auto times = times_of_reads([&] { return reader.has_changed(); },
                              [&] {
                                const bool read = reader.read_into(*value).has_value();
                                if (read && value->number() == 0) give_up("a value came torn");
                                contended += read ? 0 : 1;
                              });
  run.done = true;
  const auto hundreds = static_cast<double>(times.size()) / 100;
  run.reads_per_second = hundreds * 1e11 / static_cast<double>(monotonic_ns() - start);
  run.retries_in_100 = static_cast<double>(reader.retries()) / hundreds;
  run.contended_in_100 = static_cast<double>(contended) / hundreds;
  run.times.set(times);
}

template <std::size_t kBytes, std::uint32_t kSlots = 4>
Figures run(std::uint64_t period_ns) {
  using Channel = BenchState<kBytes, Stamp::None, kSlots>;
  const Shared<Run> shared;
  const test::TemporaryDomain directory;
  const auto& cores = usable_cores();
  run_together({{cores.at(0),
                 [&] {
                   auto writer = created<BenchStateWriter<Channel>>(directory.domain());
                   shared->barrier.wait_for(2);
                   write_at(writer, period_ns, *shared);
                 }},
                {cores.at(1), [&] {
                   shared->barrier.wait_for(2);
                   auto reader = attached<BenchStateReader<Channel>>(directory.domain());
                   read_new(reader, *shared);
                 }}});
  Figures figures = shared->times.figures();
  figures.note =
      fmt::format("{:.2f} retries and {:.2f} contended in 100 reads, {:.3g} reads a second",
                  shared->retries_in_100, shared->contended_in_100, shared->reads_per_second);
  return figures;
}

template <std::size_t kBytes>
Figures run_quiet() {
  using Channel = BenchState<kBytes>;
  const Shared<Run> shared;
  const test::TemporaryDomain directory;
  run_together({{usable_cores().at(1), [&] {
                   auto writer = created<BenchStateWriter<Channel>>(directory.domain());
                   auto reader = attached<BenchStateReader<Channel>>(directory.domain());
                   auto value = std::make_unique<typename Channel::Value>();
                   value->number(1);
                   writer.write(*value);
                   const std::uint64_t clock_cost = clock_cost_ns();
                   std::vector<std::uint64_t> times;
                   for (int i = 0; i < 3000; ++i) {
                     times.push_back(
                         time_ns(clock_cost, [&] { static_cast<void>(reader.read_into(*value)); }));
                   }
                   shared->times.set(times);
                 }}});
  return shared->times.figures();
}

/// Bare memory that a writer fills as fast as it can.
template <std::size_t kBytes>
Figures run_bare() {
  using Value = typename BenchState<kBytes>::Value;
  using Latest = BareLatest<Value, 4>;
  const Shared<Latest> latest;
  const Shared<Run> shared;
  const auto& cores = usable_cores();
  run_together({{cores.at(0),
                 [&] {
                   auto value = std::make_unique<Value>();
                   shared->barrier.wait_for(2);
                   // relaxed: only a stop flag.
                   for (std::uint64_t n = 1; !shared->done.load(std::memory_order_relaxed); ++n) {
                     value->number(n);
                     latest->write(n, *value);
                   }
                 }},
                {cores.at(1), [&] {
                   shared->barrier.wait_for(2);
                   auto value = std::make_unique<Value>();
                   std::uint64_t seen = 0;
                   auto times = times_of_reads([&] { return latest->last() != seen; },
                                               [&] {
                                                 seen = latest->last();
                                                 latest->read(*value);
                                               });
                   shared->done = true;
                   shared->times.set(times);
                 }}});
  return shared->times.figures();
}

template <std::size_t kBytes>
void ask(Answer& answer, const Arguments& arguments) {
  Group paced{.bytes = kBytes, .limits = {{"limit: no writer", run_quiet<kBytes>}}, .cases = {}};
  if (!arguments.quick) {
    paced.cases = {{"writer at 1 kHz", [] { return run<kBytes>(1'000'000); }},
                   {"writer at 10 kHz", [] { return run<kBytes>(100'000); }}};
  }
  paced.cases.push_back({"writer at 100 kHz", [] { return run<kBytes>(10'000); }});
  measure(answer, paced, arguments.rounds);

  Group flat_out{.bytes = kBytes,
                 .limits = {{"limit: bare, writer flat out", run_bare<kBytes>}},
                 .cases = {{"writer flat out", [] { return run<kBytes>(0); }}}};
  if (!arguments.quick) {
    flat_out.cases.push_back({"writer flat out, 32 slots", [] { return run<kBytes, 32>(0); }});
  }
  measure(answer, flat_out, arguments.rounds);
}

void ask_all(Answer& answer, const Arguments& arguments) {
  ask<56>(answer, arguments);
  ask<4096>(answer, arguments);
  if (arguments.quick) return;
  ask<1024>(answer, arguments);
  ask<65536>(answer, arguments);
  ask<1048576>(answer, arguments);
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  return evo::bench::run_benchmark(count, arguments, {.name = "fresh", .unit = "ns a read"},
                                   "What does a read of a new value cost?", evo::bench::ask_all);
}
