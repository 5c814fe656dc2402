// SPDX-License-Identifier: Apache-2.0
/// How many values per second does a stream carry from one core to others?
///
/// Each run is a writer on one core and readers on the others, at full speed, until every reader
/// has the last value. A reader that finds no value yields its core, which it may share with
/// others. The limit is a bare ring with the same number of readers.
#include <fmt/format.h>
#include <sched.h>

#include <array>
#include <chrono>

#include "evo/clock.hpp"
#include "harness/arguments.hpp"
#include "harness/bare.hpp"
#include "harness/channels.hpp"
#include "harness/processes.hpp"
#include "harness/rounds.hpp"
#include "peers/peer.hpp"
#include "temporary_domain.hpp"

namespace evo::bench {
namespace {

using namespace std::chrono_literals;

/// State shared by the processes of a run.
struct Run {
  Barrier barrier;
  std::atomic<std::uint64_t> start_ns{0};
  std::atomic<std::uint64_t> end_ns{0};
  std::atomic<std::uint64_t> lost{0};

  void start() { start_ns = monotonic_ns(); }
  void end() {
    const std::uint64_t now = monotonic_ns();
    std::uint64_t last = end_ns;
    while (last < now && !end_ns.compare_exchange_weak(last, now)) {
    }
  }
};

/// A writer and its readers. `write()` returns the writer, a function that sends all values;
/// `read(i)` returns a reader, a function that takes all values and returns how many it lost.
template <class Write, class Read>
Figures measure_rate(std::uint32_t readers, std::uint64_t values, Write&& write, Read&& read) {
  const Shared<Run> run;
  std::vector<Process> processes;
  const auto& cores = usable_cores();
  processes.push_back({cores.at(0), [&] {
                         auto send = write();
                         run->barrier.wait_for(readers + 1);  // the writer exists
                         run->barrier.wait_for(readers + 1);  // the readers exist
                         run->start();
                         send();
                         run->barrier.wait_for(readers + 1);  // all stay until then
                       }});
  for (std::uint32_t i = 0; i < readers; ++i) {
    processes.push_back({cores.at(1 + i % (cores.size() - 1)), [&, i] {
                           run->barrier.wait_for(readers + 1);
                           auto receive = read(i);
                           run->barrier.wait_for(readers + 1);
                           run->lost += receive();
                           run->end();
                           run->barrier.wait_for(readers + 1);
                         }});
  }
  run_together(processes);
  const auto ns = static_cast<double>(run->end_ns - run->start_ns);
  Figures figures{.typical = static_cast<double>(values) / ns * 1e3};
  if (run->lost != 0) {
    figures.note = fmt::format("{:.0f} % lost", 100.0 * static_cast<double>(run->lost) /
                                                    static_cast<double>(values * readers));
  }
  return figures;
}

/// What a reader does if it finds no value.
enum class Idle : std::uint8_t { Yield, Sleep };

void check(bool right) {
  if (!right) give_up("a value came wrong");
}

template <std::size_t kBytes, Overflow kOverflow>
Figures run_stream(std::uint32_t readers, std::uint64_t values, std::size_t batch,
                   Idle idle = Idle::Yield) {
  using Channel = BenchStream<kBytes, kOverflow>;
  const test::TemporaryDomain directory;
  return measure_rate(
      readers, values,
      [&] {
        return [&, writer = created<BenchStreamWriter<Channel>>(directory.domain())]() mutable {
          std::vector<Payload<kBytes>> out(batch);
          for (std::uint64_t n = 0; n < values; n += batch) {
            for (std::size_t i = 0; i < batch; ++i) out[i].number(n + i + 1);
            if (batch == 1) {
              check(writer.push(out[0], 20s).has_value());
            } else {
              check(writer.push_batch(out, 20s) == batch);
            }
          }
        };
      },
      [&](std::uint32_t) {
        return [&, reader = attached<BenchStreamReader<Channel>>(directory.domain())]() mutable {
          std::vector<Payload<kBytes>> in(batch);
          for (std::uint64_t last = 0; last < values;) {
            if (batch == 1) {
              if (const auto item = reader.next()) {
                last += 1 + item->lost;
                check(item->value.number() == last);
                continue;
              }
            } else if (const std::size_t count = reader.next_batch(in); count != 0) {
              last += count;
              check(in[count - 1].number() == last);
              continue;
            }
            if (idle == Idle::Yield) {
              ::sched_yield();
            } else {
              reader.wait_for_next(1s);
            }
          }
          return reader.lost();
        };
      });
}

template <std::size_t kBytes, std::size_t kReaders>
Figures run_bare(std::uint64_t values) {
  using Ring = BareRing<Payload<kBytes>, kReaders>;
  const Shared<Ring> ring;
  return measure_rate(
      kReaders, values,
      [&] {
        return [&, writer = typename Ring::Writer(*ring)]() mutable {
          Payload<kBytes> out;
          for (std::uint64_t n = 1; n <= values; ++n) {
            out.number(n);
            writer.push(&out, 1);
          }
        };
      },
      [&](std::uint32_t index) {
        return [&, reader = typename Ring::Reader(*ring, index)]() mutable {
          Payload<kBytes> in;
          for (std::uint64_t n = 1; n <= values;) {
            if (reader.take(&in, 1) == 0) {
              if (kReaders > 1) ::sched_yield();
              continue;
            }
            check(in.number() == n++);
          }
          return std::uint64_t{0};
        };
      });
}

template <std::size_t kBytes>
Figures run_peer(const Peer& peer, std::uint32_t readers, std::uint64_t values) {
  const auto link = peer.make({.bytes = kBytes, .receivers = readers});
  return measure_rate(
      readers, values,
      [&] {
        return [&, sender = std::shared_ptr(link->open_sender())] {
          Payload<kBytes> out;
          for (std::uint64_t n = 1; n <= values; ++n) {
            out.number(n);
            sender->send(std::as_bytes(std::span(&out, 1)));
          }
        };
      },
      [&](std::uint32_t index) {
        return [&, receiver = std::shared_ptr(link->open_receiver(index))] {
          Payload<kBytes> in;
          for (std::uint64_t n = 1; n <= values; ++n) {
            receiver->receive(std::as_writable_bytes(std::span(&in, 1)));
            check(in.number() == n);
          }
          return std::uint64_t{0};
        };
      });
}

template <std::size_t kBytes, std::size_t kReaders>
void ask(Answer& answer, const Arguments& arguments, std::uint64_t values) {
  constexpr auto readers = static_cast<std::uint32_t>(kReaders);
  values /= readers;
  Group group;
  group.bytes = kBytes;
  group.limits = {
      {"limit: bare ring", [=] { return run_bare<kBytes, kReaders>(values); }, readers}};
  const auto add = [&](std::string what, auto run) {
    group.cases.push_back({std::move(what), run, readers});
  };
  add("block", [=] { return run_stream<kBytes, Overflow::Block>(readers, values, 1); });
  add("block, batches of 32",
      [=] { return run_stream<kBytes, Overflow::Block>(readers, values, 32); });
  add("block, idle readers sleep",
      [=] { return run_stream<kBytes, Overflow::Block>(readers, values, 1, Idle::Sleep); });
  add("overwrite", [=] { return run_stream<kBytes, Overflow::Overwrite>(readers, values, 1); });
  for (const Peer& peer : peers()) {
    if (!arguments.peers || !peer.every_value) continue;
    add(peer.name, [=, &peer] { return run_peer<kBytes>(peer, readers, values / 20); });
  }
  measure(answer, group, arguments.rounds);
}

void ask_all(Answer& answer, const Arguments& arguments) {
  const std::uint64_t scale = arguments.quick ? 1 : 2;
  ask<64, 1>(answer, arguments, scale * 1'600'000);
  ask<4096, 1>(answer, arguments, scale * 320'000);
  if (arguments.quick) return;
  ask<1024, 1>(answer, arguments, scale * 800'000);
  ask<64, 4>(answer, arguments, scale * 1'600'000);
  ask<1024, 4>(answer, arguments, scale * 800'000);
  ask<4096, 4>(answer, arguments, scale * 320'000);
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  return evo::bench::run_benchmark(
      count, arguments,
      {.name = "stream", .unit = "M values/s", .better = evo::bench::Better::Higher},
      "How many values a second does a stream bring from one core to others?", evo::bench::ask_all);
}
