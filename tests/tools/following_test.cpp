// SPDX-License-Identifier: Apache-2.0
/// Commands that follow a segment for some time: they end in time, do not use up a core, and report
/// the end of the writer.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <alarm.evo.hpp>
#include <chrono>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>
#include <probe.evo.hpp>
#include <thread>

#include "program.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// Processor seconds used by children that have ended.
double children_took() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

/// Waits until a program has installed its own handler for a signal; false if it never does.
bool comes_to_catch(pid_t pid, int signal) {
  for (const auto end = Clock::now() + 10s; Clock::now() < end;) {
    std::ifstream status(fmt::format("/proc/{}/status", pid));
    for (std::string line; std::getline(status, line);) {
      if (!line.starts_with("SigCgt:")) continue;
      if ((std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1U) != 0) return true;
    }
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

/// Waits until a child is evo-shm and no longer a copy of this process.
void wait_for_start(pid_t pid) {
  std::error_code none;
  for (const auto end = Clock::now() + 10s; Clock::now() < end;) {
    if (std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), none) == EVO_SHM) return;
  }
}

class Following : public ToolTest {
 protected:
  [[nodiscard]] std::vector<std::string> here(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--domain", directory_.path().string()});
    return arguments;
  }

  /// A child that publishes until it is killed, with `pause` between two publishes. It has
  /// published when this function returns.
  template <class Writer, class Value>
  std::unique_ptr<Child> publisher(std::chrono::microseconds pause, const Value& value) const {
    Pipe ready;
    auto child = std::make_unique<Child>([&]() -> std::string {
      auto writer = Writer::create({.domain = domain()}).value();
      for (std::uint64_t n = 0;; ++n) {
        if constexpr (requires { writer.push(value); }) {
          static_cast<void>(writer.push(value));
        } else {
          writer.write(value);
        }
        if (n == 0) ready.write("+");
        std::this_thread::sleep_for(pause);
      }
    });
    static_cast<void>(ready.await_byte());
    return child;
  }
};

TEST_F(Following, WatchEndsInTimeThoughItsReaderIsSlowerThanTheStream) {
  Trace value;
  value.values.fill(0.1234567890123456);
  const auto child = publisher<TraceWriter>(100us, value);
  Program watch(EVO_SHM, here({"--format", "json", "watch", "trace", "--for", "500ms", "--every"}));
  // The pipe has room for three lines. Whenever they have been read, the ring holds more values.
  wait_for_start(watch.pid());
  const int pipe = ::open(fmt::format("/proc/{}/fd/1", watch.pid()).c_str(), O_WRONLY | O_CLOEXEC);
  ::fcntl(pipe, F_SETPIPE_SZ, 4096);
  ::close(pipe);
  const auto start = Clock::now();
  while (watch.next_line()) ASSERT_LT(Clock::now() - start, 10s);
  EXPECT_EQ(watch.join(), 0);
}

TEST_F(Following, WatchEndsInTimeThoughItsIntervalIsLonger) {
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  auto arguments = here({"watch", "gantry", "--interval", "600s", "--for", "20ms"});
  arguments.insert(arguments.begin(), {"10", EVO_SHM});
  EXPECT_EQ(run_program("/usr/bin/timeout", arguments).code, 0);
}

TEST_F(Following, AnIntervalOfNothingTakesNoCore) {
  const auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  const double before = children_took();
  EXPECT_EQ(run({"watch", "gantry", "--interval", "0s", "--for", "1s"}).code, 0);
  EXPECT_LT(children_took() - before, 0.9) << "of a second";
}

TEST_F(Following, ListIsNoStormOfTables) {
  auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  writer.write({});
  const auto start = Clock::now();
  Program list(EVO_SHM, here({"list", "--watch", "--interval", "0s"}));
  ASSERT_TRUE(list.next_line());
  std::this_thread::sleep_for(300ms);
  ::kill(list.pid(), SIGTERM);
  std::string rest;
  list.join(&rest);
  // One table each 10 ms, of two lines and a gap.
  const auto most = 4 * ((Clock::now() - start) / 10ms + 2);
  EXPECT_LT(std::count(rest.begin(), rest.end(), '\n'), most);
}

TEST_F(Following, TopNeedsTimeBetweenItsTwoLooks) {
  const ToolAnswer answer = run({"top", "--once", "--interval", "0s"});
  EXPECT_EQ(answer.code, 2);
  EXPECT_NE(answer.err.find("--interval"), std::string::npos) << answer.err;
}

TEST_F(Following, EachLineOfAWatchHasItsRate) {
  const auto child = publisher<gantry::GantryWriter>(1ms, gantry::Gantry{});
  const ToolAnswer answer =
      run({"watch", "gantry", "--field", "cycle", "--rate", "--every", "--count", "4"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_NE(answer.out.find("rate="), std::string::npos) << answer.out;
  EXPECT_EQ(answer.out.find("rate=?"), std::string::npos) << answer.out;
}

TEST_F(Following, FieldsOfAWatchMayStandBeforeTheSegment) {
  auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 7});
  const ToolAnswer answer = run({"watch", "--field", "cycle", "gantry", "--count", "1"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_TRUE(answer.out.ends_with(" cycle=7\n")) << answer.out;
  EXPECT_EQ(run({"watch", "gantry", "--count", "-1", "--for", "1ms"}).code, 2);
}

TEST_F(Following, JsonOfAWatchTellsThatTheWriterDied) {
  const auto child = publisher<gantry::GantryWriter>(1ms, gantry::Gantry{});
  const pid_t pid = child->pid();
  Program watch(EVO_SHM, here({"--format", "json", "watch", "gantry", "--for", "3s"}));
  ASSERT_TRUE(watch.next_line());
  child->kill();
  std::string last;
  while (const auto line = watch.next_line()) last = *line;
  const auto told = nlohmann::json::parse(last, nullptr, false);
  EXPECT_EQ(told.value("writer", ""), "dead") << last;
  EXPECT_EQ(told.value("pid", 0), pid) << last;
  EXPECT_EQ(watch.join(), 0);
}

TEST_F(Following, ProfileOfASegmentThatGoesAwayDoesNotFindIt) {
  std::optional<probe::ProbeWriter> writer =
      probe::ProbeWriter::create({.domain = domain()}).value();
  Program profile(EVO_SHM, here({"profile", "probe", "--duration", "60s"}));
  std::this_thread::sleep_for(500ms);
  writer.reset();
  std::string text;
  EXPECT_EQ(profile.join(&text), 3) << text;
}

TEST_F(Following, AnInterruptedProfilePrintsWhatItHas) {
  const auto child = publisher<probe::ProbeWriter>(1ms, probe::Probe{});
  Program profile(EVO_SHM, here({"profile", "probe", "--duration", "600s"}));
  EXPECT_TRUE(comes_to_catch(profile.pid(), SIGINT));
  std::this_thread::sleep_for(500ms);
  ::kill(profile.pid(), SIGINT);
  std::string text;
  EXPECT_EQ(profile.join(&text), 0);
  EXPECT_TRUE(text.starts_with("probe, state: ")) << text;
}

TEST_F(Following, AnInterruptedPlotIsDrawn) {
  const auto child = publisher<probe::ProbeWriter>(1ms, probe::Probe{});
  const auto file = directory_.path() / "plot.svg";
  Program plot(EVO_SHM, here({"plot", "probe", "--field", "cycle", "--for", "600s", "--interval",
                              "100s", "--svg", file.string()}));
  EXPECT_TRUE(comes_to_catch(plot.pid(), SIGINT));
  std::this_thread::sleep_for(100ms);
  ::kill(plot.pid(), SIGINT);
  std::string text;
  EXPECT_EQ(plot.join(&text), 0) << text;
  EXPECT_NE(text.find("publishes seen"), std::string::npos) << text;
  EXPECT_TRUE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace evo::test
