/// How long do create, takeover, refusal, listing and the notice of a death take?
///
/// lifecycle_bench [TRIES]     default 1000; works in a directory of its own in /dev/shm
#include <sys/resource.h>

#include <charconv>
#include <cstdio>

#include "../tests/tools/program.hpp"
#include "evo/clock.hpp"
#include "evo/discovery.hpp"
#include "evo/segment_info.hpp"
#include "harness/percentiles.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

using test::raw_channel;
using test::TemporaryDomain;

constexpr ResourceLimits kNoLimits{
    .segments_per_process = 100'000, .segments_per_domain = 100'000, .creations_per_second = 0};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "lifecycle_bench: {}\n", why);
  std::exit(1);
}

/// Runs `work` and adds its time.
template <class Work>
auto timed(Percentiles& times, Work&& work) {
  const std::uint64_t start = monotonic_ns();
  auto result = work();
  times.add(monotonic_ns() - start);
  return result;
}

void measure_create(int tries) {
  const TemporaryDomain directory;
  Percentiles create;
  Percentiles close;
  Percentiles refusal;
  Percentiles attach;
  for (int i = 0; i < tries; ++i) {
    auto writer = timed(create, [&] {
      return SegmentWriter::create(raw_channel("probe", 64), {.domain = directory.domain()});
    });
    if (!writer) give_up(writer.error().message);
    timed(refusal, [&] {
      return SegmentWriter::create(raw_channel("probe", 64), {.domain = directory.domain()});
    });
    {
      auto reader = timed(
          attach, [&] { return SegmentReader::attach("probe", {.domain = directory.domain()}); });
      if (!reader) give_up(reader.error().message);
    }
    timed(close, [&] {
      writer = tl::unexpected(Error{});
      return 0;
    });
  }
  create.print("create");
  attach.print("attach");
  refusal.print("second writer refused (goal: < 100)");
  close.print("close");
}

void measure_takeover(int tries) {
  const TemporaryDomain directory;
  const ChannelDescription channel = raw_channel("probe", 64);
  Percentiles takeover;
  for (int i = 0; i < tries; ++i) {
    test::leave_orphan(directory.domain(), channel, 1);
    const auto writer = timed(takeover, [&] {
      return SegmentWriter::create(channel, {.domain = directory.domain(), .limits = kNoLimits});
    });
    if (!writer) give_up(writer.error().message);
    if (writer->current_version() != 2) give_up("the value was lost");
  }
  takeover.print("takeover after kill -9 (goal: < 1000)");
}

/// Reads lines until one has both words; false at the end.
bool await_line(test::Program& program, std::string_view first, std::string_view second) {
  while (const auto line = program.next_line()) {
    if (test::contains(*line, first) && test::contains(*line, second)) return true;
  }
  return false;
}

void measure_notice_of_death(int tries) {
  const TemporaryDomain directory;
  test::Program supervisor(EVO_SHM, {"supervise", "--domain", directory.path().string()});
  if (!await_line(supervisor, "event=started", "")) give_up("evo-shm supervise does not start");
  Percentiles notice;
  for (int i = 0; i < tries; ++i) {
    const test::Pipe ready;
    test::Child writer([&]() -> std::string {
      const auto own =
          SegmentWriter::create(raw_channel("probe", 64), {.domain = directory.domain()});
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
  notice.print("kill -9 to the supervisor's line (goal: < 10000)");
  supervisor.end();
}

/// So many segments whose writers are dead; a process for each few hundred, because each writer
/// has a descriptor.
void fill(const TemporaryDomain& directory, int count) {
  constexpr int kAtOnce = 500;
  for (int first = 0; first < count; first += kAtOnce) {
    const auto result = test::in_child([&]() -> std::string {
      std::vector<SegmentWriter> writers;
      for (int i = first; i < std::min(count, first + kAtOnce); ++i) {
        auto writer = SegmentWriter::create(raw_channel(fmt::format("segment_{:05}", i), 64),
                                            {.domain = directory.domain(), .limits = kNoLimits});
        if (!writer) return writer.error().message;
        writers.push_back(std::move(*writer));
      }
      test::die();
    });
    if (!result.text.empty()) give_up(result.text);
  }
}

void measure_listing(int count, int tries) {
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
    // A thousand at once: one is shorter than the clock's own time.
    timed(find, [&] {
      for (int k = 0; k < 1000; ++k) {
        if (discovery->find(wanted) == nullptr) give_up("not found");
      }
      return 0;
    });
  }
  names.print(fmt::format("names of {} segments, cold", count));
  everything.print(fmt::format("everything about {} segments, cold", count));
  warm.print(fmt::format("{} segments, warm", count));
  find.print(fmt::format("1000 lookups among {} segments", count));
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  int tries = 1000;
  if (count > 1) {
    const std::string_view text(arguments[1]);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tries);
    if (count > 2 || error != std::errc() || end != text.data() + text.size() || tries < 1) {
      fmt::print(stderr, "usage: lifecycle_bench [TRIES]\n");
      return 2;
    }
  }
  evo::bench::Percentiles::print_head();
  evo::bench::measure_create(tries);
  evo::bench::measure_takeover(tries);
  evo::bench::measure_notice_of_death(tries);
  for (const int segments : {10, 1000, 10'000}) {
    evo::bench::measure_listing(segments, std::max(1, tries / 20));
  }
  return 0;
}
