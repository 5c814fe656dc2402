// SPDX-License-Identifier: Apache-2.0
/// How long do create, takeover, refusal, listing and death detection take?
///
/// Each figure is one attempt; 40 attempts per round, two for listings. There is no limit for
/// comparison: all of it is system calls.
#include <cstdio>
#include <thread>

#include "../tests/tools/program.hpp"
#include "evo/clock.hpp"
#include "evo/discovery.hpp"
#include "evo/format.hpp"
#include "evo/segment_info.hpp"
#include "harness/arguments.hpp"
#include "harness/percentiles.hpp"
#include "harness/processes.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

using test::raw_channel;
using test::TemporaryDomain;

constexpr std::uint32_t kBytes = 64;
constexpr ResourceLimits kNoLimits{
    .segments_per_process = 100'000, .segments_per_domain = 100'000, .creations_per_second = 0};

/// Adds a row of measurements in microseconds; `goal_us` 0: no goal.
void tell(Answer& answer, const std::string& what, Percentiles& times, double goal_us = 0) {
  Row row;
  row.what = what;
  row.bytes = kBytes;
  row.readers = 0;
  row.runs = times.size();
  row.least = times.at(0) / 1e3;
  row.median = times.at(0.5) / 1e3;
  row.most = times.at(1) / 1e3;
  row.p99 = times.at(0.99) / 1e3;
  row.note = fmt::format("p95 {:.4g}", times.at(0.95) / 1e3);
  if (goal_us != 0) row.note += fmt::format(", goal {:.0f}", goal_us);
  answer.add(std::move(row));
}

/// Runs `work` and adds its time.
template <class Work>
auto timed(Percentiles& times, Work&& work) {
  const std::uint64_t start = monotonic_ns();
  auto result = work();
  times.add(monotonic_ns() - start);
  return result;
}

void measure_create(Answer& answer, int tries) {
  const TemporaryDomain directory;
  Percentiles create;
  Percentiles close;
  Percentiles refusal;
  Percentiles attach;
  for (int i = 0; i < tries; ++i) {
    auto writer = timed(create, [&] {
      return RawStateWriter::create(raw_channel("probe", kBytes), {.domain = directory.domain()});
    });
    if (!writer) give_up(writer.error().message);
    timed(refusal, [&] {
      return RawStateWriter::create(raw_channel("probe", kBytes), {.domain = directory.domain()});
    });
    {
      auto reader = timed(
          attach, [&] { return RawStateReader::attach("probe", {.domain = directory.domain()}); });
      if (!reader) give_up(reader.error().message);
    }
    timed(close, [&] {
      writer = tl::unexpected(Error{});
      return 0;
    });
  }
  tell(answer, "create", create);
  tell(answer, "attach", attach);
  tell(answer, "second writer refused", refusal, 100);
  tell(answer, "close", close);
}

void measure_takeover(Answer& answer, int tries) {
  const TemporaryDomain directory;
  const ChannelDescription channel = raw_channel("probe", kBytes);
  Percentiles takeover;
  for (int i = 0; i < tries; ++i) {
    test::leave_orphan(directory.domain(), channel, 1);
    const auto writer = timed(takeover, [&] {
      return RawStateWriter::create(channel, {.domain = directory.domain(), .limits = kNoLimits});
    });
    if (!writer) give_up(writer.error().message);
    if (writer->current_version() != 2) give_up("the value was lost");
  }
  tell(answer, "takeover after kill -9", takeover, 1000);
}

constexpr std::string_view kAmongThreads = "--create-among-threads";

/// The body of a separate process: its first create while it has other threads. Prints how long
/// that took, and dies without closing.
[[noreturn]] void create_among_threads(const std::string& directory) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([] { ::pause(); });
  const std::uint64_t start = monotonic_ns();
  const auto writer =
      RawStateWriter::create(raw_channel("probe", kBytes), {.domain = Domain(directory)});
  const std::uint64_t took = monotonic_ns() - start;
  fmt::print("{}\n", writer ? took : 0);
  std::fflush(stdout);
  test::die();
}

/// The first attempt creates the segment; each later one takes it over from its dead predecessor.
void measure_among_threads(Answer& answer, int tries) {
  Percentiles create;
  Percentiles takeover;
  for (int i = 0; i < tries; ++i) {
    const TemporaryDomain directory;
    for (Percentiles* times : {&create, &takeover}) {
      test::Program process("/proc/self/exe",
                            {std::string(kAmongThreads), directory.path().string()});
      const auto line = process.next_line();
      const std::uint64_t took = line ? std::stoull(*line) : 0;
      if (took == 0) give_up("no create among threads");
      times->add(took);
      process.join();
    }
  }
  tell(answer, "first create in a process with threads", create, 1000);
  tell(answer, "takeover in a process with threads", takeover, 1000);
}

/// Reads lines until one contains both words; false at the end.
bool await_line(test::Program& program, std::string_view first, std::string_view second) {
  while (const auto line = program.next_line()) {
    if (test::contains(*line, first) && test::contains(*line, second)) return true;
  }
  return false;
}

void measure_notice_of_death(Answer& answer, int tries) {
  const TemporaryDomain directory;
  test::Program supervisor(EVO_SHM, {"supervise", "--domain", directory.path().string()});
  if (!await_line(supervisor, "event=started", "")) give_up("evo-shm supervise does not start");
  Percentiles notice;
  for (int i = 0; i < tries; ++i) {
    const test::Pipe ready;
    test::Child writer([&]() -> std::string {
      const auto own =
          RawStateWriter::create(raw_channel("probe", kBytes), {.domain = directory.domain()});
      ready.write("x");
      ::pause();
      return {};
    });
    if (!ready.await_byte() || !await_line(supervisor, "event=writer_started", "segment=probe")) {
      give_up("the supervisor does not tell of a writer");
    }
    const std::uint64_t start = monotonic_ns();
    ::kill(writer.pid(), SIGKILL);
    if (!await_line(supervisor, "event=writer_died", "segment=probe")) {
      give_up("the supervisor does not tell of a death");
    }
    notice.add(monotonic_ns() - start);
  }
  tell(answer, "kill -9 to the supervisor's line", notice, 10'000);
  supervisor.end();
}

/// Creates `count` segments with dead writers; one process per few hundred, because each writer
/// needs a descriptor.
void fill(const TemporaryDomain& directory, int count) {
  constexpr int kAtOnce = 500;
  for (int first = 0; first < count; first += kAtOnce) {
    const auto result = test::in_child([&]() -> std::string {
      std::vector<RawStateWriter> writers;
      for (int i = first; i < std::min(count, first + kAtOnce); ++i) {
        auto writer = RawStateWriter::create(raw_channel(fmt::format("segment_{:05}", i), kBytes),
                                             {.domain = directory.domain(), .limits = kNoLimits});
        if (!writer) return writer.error().message;
        writers.push_back(std::move(*writer));
      }
      test::die();
    });
    if (!result.text.empty()) give_up(result.text);
  }
}

void measure_listing(Answer& answer, int count, int tries) {
  const TemporaryDomain directory;
  fill(directory, count);
  Percentiles names;
  Percentiles everything;
  Percentiles warm;
  Percentiles find;
  const auto size = static_cast<std::size_t>(count);
  for (int i = 0; i < tries; ++i) {
    const auto listed = timed(names, [&] { return list_segment_names(directory.domain()); });
    const auto infos = timed(everything, [&] { return list_segments(directory.domain()); });
    if (!listed || listed->size() != size || !infos || infos->size() != size) {
      give_up("the listing is not whole");
    }
  }
  auto discovery = SegmentDiscovery::start(directory.domain());
  if (!discovery) give_up(discovery.error().message);
  const std::string wanted = fmt::format("segment_{:05}", count / 2);
  for (int i = 0; i < tries; ++i) {
    const auto seen = timed(warm, [&] {
      if (!discovery->update()) give_up("no update");
      std::uint64_t sum = 0;
      for (const SegmentInfo& info : discovery->segments()) sum += info.sequence + 1;
      return sum;
    });
    if (seen < size) give_up("the cache is not whole");
    // A thousand per measurement: a single one is shorter than a clock reading.
    timed(find, [&] {
      for (int k = 0; k < 1000; ++k) {
        if (discovery->find(wanted) == nullptr) give_up("not found");
      }
      return 0;
    });
  }
  // The goals apply to 1,000 segments.
  const bool asked = count == 1000;
  tell(answer, fmt::format("names of {} segments, cold", count), names, asked ? 1000 : 0);
  tell(answer, fmt::format("everything about {} segments, cold", count), everything,
       asked ? 5000 : 0);
  tell(answer, fmt::format("{} segments, warm", count), warm, asked ? 100 : 0);
  tell(answer, fmt::format("1000 lookups among {} segments", count), find);
}

void ask_all(Answer& answer, const Arguments& arguments) {
  const int tries = 40 * arguments.rounds;
  measure_create(answer, tries);
  measure_takeover(answer, tries);
  measure_among_threads(answer, tries);
  measure_notice_of_death(answer, tries);
  for (const int segments : {10, 1000, 10'000}) {
    if (arguments.quick && segments > 1000) break;
    measure_listing(answer, segments, tries / 20);
  }
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  if (count == 3 && arguments[1] == evo::bench::kAmongThreads) {
    evo::bench::create_among_threads(arguments[2]);
  }
  return evo::bench::run_benchmark(
      count, arguments, {.name = "lifecycle", .unit = "us"},
      "How long do create, takeover, refusal, listing and the notice of a death take?",
      evo::bench::ask_all);
}
