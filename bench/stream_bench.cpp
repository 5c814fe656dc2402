/// How many values a second does a stream bring from one core to another?
///
/// stream_bench [RUNS]     default 5; works in a directory of its own in /dev/shm
///
/// Each row is a writer on one core and readers on the others, flat out, until every reader has
/// the last value. A ping-pong of one cache line before and after each run says whether the cores
/// were near or far; a run during which that changed is made again. A pipe stands for comparison.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <string>

#include "cores.hpp"
#include "evo/stream_reader.hpp"
#include "evo/stream_writer.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

using namespace std::chrono_literals;

template <std::size_t kBytes>
struct Payload {
  std::array<std::uint64_t, kBytes / 8> words{};
};

template <std::size_t kBytes, Overflow kOverflow>
struct BenchChannel {
  using Value = Payload<kBytes>;
  static constexpr std::string_view name = "bench";
  static constexpr std::string_view owner = "bench";
  static constexpr Kind kind = Kind::Stream;
  static constexpr std::size_t size = kBytes;
  static constexpr std::size_t alignment = 8;
  static constexpr std::uint32_t slots = 1024;
  static constexpr Overflow overflow = kOverflow;
  static constexpr std::uint32_t max_readers = 16;
  static constexpr std::chrono::nanoseconds period{0};
  static constexpr std::chrono::nanoseconds max_age{0};
  static constexpr Stamp stamp = Stamp::None;
  static constexpr Checksum checksum = Checksum::None;
  static constexpr Access access = Access::Owner;
  static constexpr LayoutVersion version{1, 0};
  static constexpr SchemaId schema_id{};
  static constexpr std::array<CompatibleLayout, 0> compatible{};
  static constexpr std::array<FieldInfo, 0> fields{};
  static constexpr std::array<std::uint8_t, 0> bfbs{};
};

template <class Channel>
class BenchWriter : public StreamWriter<Channel> {
 public:
  static Result<BenchWriter> create(WriterOptions options) {
    return StreamWriter<Channel>::template create_as<BenchWriter>(std::move(options));
  }

 private:
  friend class StreamWriter<Channel>;
  using StreamWriter<Channel>::StreamWriter;
};

template <class Channel>
class BenchReader : public StreamReader<Channel> {
 public:
  static Result<BenchReader> attach(ReaderOptions options) {
    return StreamReader<Channel>::template attach_as<BenchReader>(std::move(options));
  }

 private:
  friend class StreamReader<Channel>;
  using StreamReader<Channel>::StreamReader;
};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "stream_bench: {}\n", why);
  std::exit(1);
}

/// What came of a run.
struct Outcome {
  double values_per_second = 0;
  std::uint64_t lost = 0;  // by all readers
};

/// What the readers tell their parent.
struct Report {
  std::atomic<std::uint32_t> ready{0};
  std::atomic<std::uint64_t> lost{0};
};

/// Starts the readers, lets the writer write, waits for the readers. `read(report)` says that it
/// is ready and returns when it has the last value.
template <class Write, class Read>
Outcome run(std::uint32_t readers, std::uint64_t values, Write&& write, Read&& read) {
  const auto& cores = usable_cores();
  const Shared<Report> report;
  std::vector<pid_t> children;
  for (std::uint32_t i = 0; i < readers; ++i) {
    children.push_back(fork_on(cores.at(1 + i % (cores.size() - 1)), [&] { read(*report, i); }));
  }
  while (report->ready.load() != readers) ::sched_yield();
  pin_to_core(cores.at(0));
  const std::uint64_t start = monotonic_ns();
  write();
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) give_up("a reader failed");
  }
  const auto ns = static_cast<double>(monotonic_ns() - start);
  return {static_cast<double>(values) / ns * 1e9, report->lost.load()};
}

template <std::size_t kBytes, Overflow kOverflow>
Outcome run_stream(std::uint32_t readers, std::uint64_t values, std::size_t batch) {
  using Channel = BenchChannel<kBytes, kOverflow>;
  const test::TemporaryDomain directory;
  auto writer = BenchWriter<Channel>::create({.domain = directory.domain()});
  if (!writer) give_up(writer.error().message);
  return run(
      readers, values,
      [&] {
        std::vector<Payload<kBytes>> out(batch);
        for (std::uint64_t n = 0; n < values; n += batch) {
          for (std::size_t i = 0; i < batch; ++i) out[i].words[0] = n + i + 1;
          if (batch == 1) {
            if (!writer->push(out[0], 20s)) give_up("a push failed");
          } else if (writer->push_batch(out, 20s) != batch) {
            give_up("a batch failed");
          }
        }
      },
      [&](Report& report, std::uint32_t) {
        auto reader = BenchReader<Channel>::attach({.domain = directory.domain()});
        if (!reader) give_up(reader.error().message);
        report.ready.fetch_add(1);
        std::vector<Payload<kBytes>> in(batch);
        for (std::uint64_t last = 0; last < values;) {
          if (batch == 1) {
            if (const auto item = reader->next()) {
              last = item->value.words[0];
              continue;
            }
          } else if (const std::size_t count = reader->next_batch(in); count != 0) {
            last = in[count - 1].words[0];
            continue;
          }
          reader->wait_for_next(1s);
        }
        report.lost.fetch_add(reader->lost());
      });
}

/// Reads or writes the whole value. False at the end.
template <class Call, class Bytes>
bool all_of(Call&& call, int fd, Bytes* bytes, std::size_t size) {
  auto* at = reinterpret_cast<char*>(bytes);
  while (size != 0) {
    const ssize_t count = call(fd, at, size);
    if (count <= 0) return false;
    at += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

/// A pipe for each reader.
template <std::size_t kBytes>
Outcome run_pipe(std::uint32_t readers, std::uint64_t values) {
  std::vector<std::array<int, 2>> pipes(readers);
  for (auto& ends : pipes) {
    if (::pipe(ends.data()) != 0) give_up("no pipe");
  }
  const Outcome outcome = run(
      readers, values,
      [&] {
        Payload<kBytes> out;
        for (std::uint64_t n = 1; n <= values; ++n) {
          out.words[0] = n;
          for (const auto& ends : pipes) {
            if (!all_of(::write, ends[1], &out, sizeof out)) give_up("a write failed");
          }
        }
      },
      [&](Report& report, std::uint32_t index) {
        report.ready.fetch_add(1);
        Payload<kBytes> in;
        while (in.words[0] < values) {
          if (!all_of(::read, pipes.at(index)[0], &in, sizeof in)) give_up("a read failed");
        }
      });
  for (const auto& ends : pipes) {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  return outcome;
}

/// Makes the runs of one row and prints a line for each distance of the cores that was met.
template <class Run>
void measure(const std::string& what, std::size_t bytes, std::uint32_t readers, int runs,
             Run&& one_run) {
  constexpr int kAttempts = 4;
  const auto& cores = usable_cores();
  std::map<bool, std::vector<Outcome>> outcomes;
  for (int attempt = 0, done = 0; done < runs && attempt < kAttempts * runs; ++attempt) {
    const bool far = line_latency_ns(cores[0], cores[1]) > kFarNs;
    const Outcome outcome = one_run();
    if (far != (line_latency_ns(cores[0], cores[1]) > kFarNs)) continue;
    outcomes[far].push_back(outcome);
    ++done;
  }
  for (auto& [far, all] : outcomes) {
    std::sort(all.begin(), all.end(), [](const Outcome& a, const Outcome& b) {
      return a.values_per_second < b.values_per_second;
    });
    std::uint64_t lost = 0;
    for (const Outcome& outcome : all) lost += outcome.lost;
    fmt::print("{:<28} {:>6} {:>7} {:>5} {:>5} {:>9.2f} {:>9.2f} {:>9.2f}  {}\n", what, bytes,
               readers, far ? "far" : "near", all.size(), all.front().values_per_second / 1e6,
               all[all.size() / 2].values_per_second / 1e6, all.back().values_per_second / 1e6,
               lost);
  }
}

template <std::size_t kBytes>
void measure_size(int runs, std::uint64_t values) {
  for (const std::uint32_t readers : {1U, 4U}) {
    const std::uint64_t count = values / readers;
    measure("stream, block", kBytes, readers, runs,
            [&] { return run_stream<kBytes, Overflow::Block>(readers, count, 1); });
    measure("stream, block, batches of 32", kBytes, readers, runs,
            [&] { return run_stream<kBytes, Overflow::Block>(readers, count, 32); });
    measure("stream, overwrite", kBytes, readers, runs,
            [&] { return run_stream<kBytes, Overflow::Overwrite>(readers, count, 1); });
    measure("pipe for each reader", kBytes, readers, runs,
            [&] { return run_pipe<kBytes>(readers, count / 10); });
  }
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  int runs = 5;
  if (count > 1) {
    const std::string_view text(arguments[1]);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), runs);
    if (count > 2 || error != std::errc() || end != text.data() + text.size() || runs < 1) {
      fmt::print(stderr, "usage: stream_bench [RUNS]\n");
      return 2;
    }
  }
  if (evo::bench::usable_cores().size() < 2) {
    fmt::print(stderr, "stream_bench: needs two cores\n");
    return 1;
  }
  fmt::print("{:<28} {:>6} {:>7} {:>5} {:>5} {:>9} {:>9} {:>9}  {}\n",
             "millions of values a second", "bytes", "readers", "cores", "runs", "least", "median",
             "most", "lost");
  evo::bench::measure_size<64>(runs, 3'200'000);
  evo::bench::measure_size<1024>(runs, 1'600'000);
  evo::bench::measure_size<4096>(runs, 640'000);
  return 0;
}
