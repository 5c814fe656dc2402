// SPDX-License-Identifier: Apache-2.0
/// How late does a cycle of 1 kHz begin, and which are missed?
///
/// A figure is the time from the moment at which a cycle should begin until it does. The limit is a
/// bare clock_nanosleep with an absolute time. Every hundredth cycle takes 3.5 ms on purpose, so
/// that two are missed. `drift` is the mean difference between the scheduled interval of two
/// cycles and the period.
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <vector>

#include "evo/clock.hpp"
#include "evo/cycle.hpp"
#include "evo/wait_set.hpp"
#include "harness/arguments.hpp"
#include "harness/processes.hpp"
#include "harness/rounds.hpp"
#include "harness/timing.hpp"

namespace evo::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::nanoseconds kPeriod = 1ms;
constexpr auto kPeriodNs = static_cast<std::uint64_t>(kPeriod.count());
constexpr std::uint64_t kDelayEvery = 100;
constexpr std::uint64_t kMissedEach = 2;

/// The cycles of one run.
class Log {
 public:
  explicit Log(std::uint64_t cycles) : cycles_(cycles) { lateness_.reserve(cycles); }

  /// Returns whether that was the last one.
  bool add(std::uint64_t scheduled_ns, std::uint64_t began_ns, std::uint64_t missed) {
    if (lateness_.empty()) first_ns_ = scheduled_ns;
    last_ns_ = scheduled_ns;
    lateness_.push_back(began_ns - scheduled_ns);
    missed_ += missed;
    if (lateness_.size() % kDelayEvery == 0) {
      // Until the middle between two cycles, so that noise changes no count.
      const std::uint64_t until = scheduled_ns + (kMissedEach + 1) * kPeriodNs + kPeriodNs / 2;
      while (monotonic_ns() < until) {
      }
    }
    return lateness_.size() == cycles_;
  }

  [[nodiscard]] Figures figures() {
    const std::uint64_t injected = (cycles_ - 1) / kDelayEvery * kMissedEach;
    const auto intervals = static_cast<double>(cycles_ - 1 + missed_);
    const double drift = static_cast<double>(last_ns_ - first_ns_) / intervals - 1e6;
    TimesFound found;
    found.set(lateness_);
    Figures figures = found.figures();
    figures.note =
        fmt::format("{} missed, {} of them on purpose; drift {:.1f} ns", missed_, injected, drift);
    return figures;
  }

 private:
  std::uint64_t cycles_;
  std::vector<std::uint64_t> lateness_;
  std::uint64_t missed_ = 0;
  std::uint64_t first_ns_ = 0;
  std::uint64_t last_ns_ = 0;
};

Figures run_bare(std::uint64_t count) {
  Log log(count);
  std::uint64_t next = monotonic_ns() / kPeriodNs * kPeriodNs + kPeriodNs;
  while (true) {
    const timespec time{static_cast<time_t>(next / 1'000'000'000U),
                        static_cast<long>(next % 1'000'000'000U)};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
    const std::uint64_t now = monotonic_ns();
    const std::uint64_t missed = (now - next) / kPeriodNs;
    next += missed * kPeriodNs;
    if (log.add(next, now, missed)) return log.figures();
    next += kPeriodNs;
  }
}

Figures run_cycles(std::uint64_t count) {
  Log log(count);
  for (const Cycle& cycle : cycles(kPeriod)) {
    if (log.add(cycle.scheduled_ns(), cycle.began_ns(), cycle.missed())) break;
  }
  return log.figures();
}

Figures run_wait_set(std::uint64_t count) {
  Log log(count);
  WaitSet set;
  const auto tick = set.add_cycle(kPeriod);
  if (!tick) give_up(tick.error().message);
  while (true) {
    const Cycle cycle = set.wait().cycle(*tick);
    if (log.add(cycle.scheduled_ns(), cycle.began_ns(), cycle.missed())) return log.figures();
  }
}

void ask_all(Answer& answer, const Arguments& arguments) {
  // The whole: a minute for each.
  const std::uint64_t count = arguments.quick ? 2'000 : 60'000;
  measure(answer,
          {.bytes = 0,
           .limits = {{"limit: clock_nanosleep", [=] { return run_bare(count); }}},
           .cases = {{"cycles", [=] { return run_cycles(count); }},
                     {"WaitSet, add_cycle", [=] { return run_wait_set(count); }}}},
          arguments.quick ? arguments.rounds : 1);
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  return evo::bench::run_benchmark(count, arguments, {.name = "cycle", .unit = "ns"},
                                   "How late does a cycle of 1 kHz begin?", evo::bench::ask_all);
}
