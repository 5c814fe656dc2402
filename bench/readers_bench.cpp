// SPDX-License-Identifier: Apache-2.0
/// What does a reader cost the writer?
///
/// A writer on one core writes every 20 us; the readers poll on the other cores, distributed as
/// evenly as possible. A figure is the time of one write. The limit is the same write without
/// readers, so a ratio of 1 means that readers cost nothing.
#include <fmt/format.h>

#include <atomic>
#include <ctime>
#include <optional>

#include "harness/arguments.hpp"
#include "harness/channels.hpp"
#include "harness/rounds.hpp"
#include "harness/timing.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

constexpr std::uint64_t kPeriodNs = 20'000;
constexpr int kWrites = 3000;

enum class Doing : std::uint8_t { Poll, Sleep };

struct Run {
  Barrier barrier;
  std::atomic<bool> done{false};
  TimesFound times;
};

template <class Channel>
void write_in_time(BenchStateWriter<Channel>& writer, Run& run) {
  typename Channel::Value value;
  const std::uint64_t clock_cost = clock_cost_ns();
  std::vector<std::uint64_t> times;
  std::uint64_t next = monotonic_ns();
  for (int i = 0; i < kWrites; ++i) {
    while (monotonic_ns() < next) {
    }
    next += kPeriodNs;
    value.number(static_cast<std::uint64_t>(i) + 1);
    times.push_back(time_ns(clock_cost, [&] { writer.write(value); }));
  }
  run.times.set(times);
}

template <class Channel>
void read_until_done(const Domain& domain, std::uint32_t readers, Doing doing, Run& run,
                     std::uint32_t processes) {
  std::vector<BenchStateReader<Channel>> all;
  for (std::uint32_t i = 0; i < readers; ++i) {
    all.push_back(attached<BenchStateReader<Channel>>(domain));
  }
  run.barrier.wait_for(processes);
  typename Channel::Value value;
  // relaxed: only a stop flag.
  while (!run.done.load(std::memory_order_relaxed)) {
    if (doing == Doing::Sleep) {
      const timespec pause{0, 1'000'000};
      ::nanosleep(&pause, nullptr);
      continue;
    }
    for (auto& reader : all) {
      if (reader.has_changed()) static_cast<void>(reader.read_into(value));
    }
  }
}

template <std::size_t kBytes>
Figures run(std::uint32_t readers, Doing doing) {
  using Channel = BenchState<kBytes>;
  const auto& cores = usable_cores();
  const auto others = static_cast<std::uint32_t>(cores.size() - 1);
  const std::uint32_t reading = std::min(readers, others);
  const Shared<Run> shared;
  const test::TemporaryDomain directory;
  std::vector<Process> processes{{cores.at(0), [&] {
                                    auto writer =
                                        created<BenchStateWriter<Channel>>(directory.domain());
                                    shared->barrier.wait_for(reading + 1);
                                    shared->barrier.wait_for(reading + 1);
                                    write_in_time(writer, *shared);
                                    shared->done = true;
                                  }}};
  for (std::uint32_t i = 0; i < reading; ++i) {
    processes.push_back(
        {cores.at(i + 1), [&, i] {
           shared->barrier.wait_for(reading + 1);
           const std::uint32_t mine = readers / reading + (i < readers % reading ? 1 : 0);
           read_until_done<Channel>(directory.domain(), mine, doing, *shared, reading + 1);
         }});
  }
  run_together(processes);
  return shared->times.figures();
}

template <std::size_t kBytes>
void ask(Answer& answer, const Arguments& arguments) {
  Group group;
  group.bytes = kBytes;
  group.limits = {{"limit: no reader", [] { return run<kBytes>(0, Doing::Poll); }, 0}};
  for (const std::uint32_t readers : {1U, 4U, 16U, 64U, 256U}) {
    if (arguments.quick && readers != 1 && readers != 64) continue;
    group.cases.push_back(
        {"polling", [readers] { return run<kBytes>(readers, Doing::Poll); }, readers});
  }
  if (!arguments.quick) {
    group.cases.push_back({"asleep", [] { return run<kBytes>(1000, Doing::Sleep); }, 1000});
  }
  measure(answer, group, arguments.rounds);
}

void ask_all(Answer& answer, const Arguments& arguments) {
  ask<56>(answer, arguments);
  if (!arguments.quick) ask<4096>(answer, arguments);
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  return evo::bench::run_benchmark(count, arguments, {.name = "readers", .unit = "ns a write"},
                                   "What does a reader cost the writer?", evo::bench::ask_all);
}
