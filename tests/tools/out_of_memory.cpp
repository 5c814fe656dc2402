// SPDX-License-Identifier: Apache-2.0
/// The supervisor continues when allocations fail. This is a separate program because it replaces
/// operator new for everything in it.
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <new>
#include <utility>

#include "evo/segment_info.hpp"
#include "supervisor/supervisor.hpp"
#include "supervisor_fixture.hpp"

namespace {

thread_local unsigned period = 0;         // one in `period` allocations fails; 0: none
thread_local unsigned allocations = 0;    // since the period was set
thread_local unsigned failures_left = 0;  // afterwards allocations succeed again

}  // namespace

// Not inlined: g++ would report free() as a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (period != 0 && ++allocations % period == 0) {
    if (--failures_left == 0) period = 0;
    throw std::bad_alloc();
  }
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace evo::test {
namespace {

class OutOfMemory : public Supervise, public testing::WithParamInterface<unsigned> {};

constexpr int kWriters = 5;

/// A supervisor that reports when it has seen all writers, and runs out of memory at the first
/// death.
std::string supervise(const Domain& domain, const Pipe& log_pipe, const Pipe& seen,
                      unsigned failing) {
  ::dup2(log_pipe.writing(), STDOUT_FILENO);
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  int writers = 0;
  bool short_of_memory = false;
  tools::EventLog log(tools::LogFormat::Json, tools::LogPace::OnItsOwn,
                      [&](const tools::Event& event) {
                        if (event.name == "writer_started" && ++writers == kWriters) {
                          seen.write("x");
                        }
                        if (event.name != "writer_died" || std::exchange(short_of_memory, true))
                          return;
                        failures_left = 12;
                        period = failing;
                      });
  tools::SupervisorOptions options;
  options.domain = domain;
  options.policy.grace = {};
  tools::Supervisor supervisor(options, log);
  return supervisor.run() ? "ended" : "failed";
}

TEST_P(OutOfMemory, IsSurvivedAndMadeUpFor) {
  Pipe log;
  Pipe seen;
  Child supervisor([&] { return supervise(directory_.domain(), log, seen, GetParam()); });
  log.close_writing();
  seen.close_writing();
  std::vector<std::unique_ptr<Child>> writers;
  for (int i = 0; i < kWriters; ++i) writers.push_back(start_writer("probe" + std::to_string(i)));
  ASSERT_TRUE(seen.await_byte());
  for (const auto& writer : writers) writer->kill();
  for (int i = 0; i < 6000 && !list_segment_names(directory_.domain()).value().empty(); ++i) {
    ::usleep(10'000);  // a minute at most
  }
  EXPECT_EQ(directory_.files(), std::vector<std::string>{});
  ::kill(supervisor.pid(), SIGTERM);
  const std::string text = log.read_all();
  const ChildResult result = supervisor.join();
  EXPECT_EQ(result.text, "ended") << "status " << result.status;
  std::map<std::string, std::uint64_t> deaths;
  std::uint64_t dropped = 0;
  bool failed = false;
  for (const json& event : events_in(text)) {
    if (event["event"] == "events_dropped") dropped += event["count"].get<std::uint64_t>();
    if (event["event"] == "writer_died") ++deaths[event["segment"]];
    failed |= event["event"] == "steps_failed" || event["event"] == "events_dropped";
  }
  EXPECT_TRUE(failed) << "otherwise nothing was tested";
  EXPECT_GE(deaths.size() + dropped, static_cast<std::size_t>(kWriters));
  for (const auto& [segment, times] : deaths) EXPECT_EQ(times, 1U) << segment;
}

INSTANTIATE_TEST_SUITE_P(EachOfThese, OutOfMemory, testing::Values(1, 2, 7, 31, 97));

}  // namespace
}  // namespace evo::test
