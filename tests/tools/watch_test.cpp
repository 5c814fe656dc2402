// SPDX-License-Identifier: Apache-2.0
/// evo-shm watch: several segments, times, comma-separated values, and what it reports about
/// writers.
#include <alarm.evo.hpp>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>
#include <probe.evo.hpp>

#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "inspect/selection.hpp"
#include "inspect/time_style.hpp"
#include "program.hpp"
#include "text/csv.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using namespace tools;

TEST(Csv, QuotesWhatNeedsIt) {
  EXPECT_EQ(csv_line({"time", "axes[0].position", "-1.5e-07", "Drives|Vacuum", ""}),
            "time,axes[0].position,-1.5e-07,Drives|Vacuum,\n");
  EXPECT_EQ(csv_line({"a,b", "say \"yes\"", "two\nlines", " x", "y ", "a b"}),
            "\"a,b\",\"say \"\"yes\"\"\",two?lines,\" x\",\"y \",a b\n");
}

/// A time zone for the rest of a test.
class TimeZone {
 public:
  explicit TimeZone(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;
  ~TimeZone() {
    ::unsetenv("TZ");
    ::tzset();
  }
};

TEST(TimeStyles, WallTimeHasItsOffset) {
  {
    const TimeZone east("ZZZ-5:30");
    EXPECT_EQ(iso_8601(0), "1970-01-01T05:30:00.000000+05:30");
    EXPECT_EQ(iso_8601(1'763'742'600'123'456'789), "2025-11-21T22:00:00.123456+05:30");
  }
  const TimeZone west("ZZZ3");
  EXPECT_EQ(iso_8601(-1), "1969-12-31T20:59:59.999999-03:00");
}

TEST(TimeStyles, WallTimeIsThatOfTheMoment) {
  const std::uint64_t now = monotonic_ns();
  const std::int64_t wall = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                std::chrono::system_clock::now().time_since_epoch())
                                .count();
  // The two clocks are not read at exactly the same time; no pause is as long as an hour.
  constexpr std::int64_t kHour = 3'600'000'000'000;
  EXPECT_LT(std::abs(realtime_of(now) - wall), kHour);
  EXPECT_LT(std::abs(realtime_of(now - 24 * kHour) - (wall - 24 * kHour)), kHour);
}

TEST(TimeStyles, SecondsCountFromTheFirstMomentOrFromBoot) {
  MomentText relative(TimeStyle::Relative);
  EXPECT_EQ(relative.text(5'000'000'000), "0.000000");
  EXPECT_EQ(relative.text(6'500'001'999), "1.500001");
  EXPECT_EQ(relative.text(4'999'000'000), "-0.001000") << "of another segment, slightly earlier";
  MomentText monotonic(TimeStyle::Monotonic);
  EXPECT_EQ(monotonic.text(5'000'001'000), "5.000001");
  EXPECT_EQ(monotonic.json(5'000'001'000).dump(), "5.000001");
}

TEST(Selections, FieldsBelongToTheirSegments) {
  using Selections = std::vector<Selection>;
  EXPECT_EQ(selections_of({"a"}, {"x", "b:y[1].z", "a:w"}).value(),
            (Selections{{"a", {"x", "w"}}, {"b", {"y[1].z"}}}));
  EXPECT_EQ(selections_of({"a", "b", "a"}, {}).value(), (Selections{{"a", {}}, {"b", {}}}));
  EXPECT_EQ(selections_of({}, {"a:x"}).value(), (Selections{{"a", {"x"}}}));
  EXPECT_EQ(selections_of({"a", "b"}, {"x"}).error().code, ErrorCode::InvalidName);
  EXPECT_EQ(selections_of({}, {"x"}).error().code, ErrorCode::InvalidName);
  EXPECT_EQ(selections_of({}, {}).error().code, ErrorCode::InvalidName);
}

class WatchCommand : public ToolTest {
 protected:
  [[nodiscard]] std::vector<std::string> here(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--domain", directory_.path().string(), "watch"});
    return arguments;
  }

  /// A child that publishes until it is killed; it has published when this function returns.
  [[nodiscard]] std::unique_ptr<Child> publisher() const {
    Pipe ready;
    auto child = std::make_unique<Child>([&]() -> std::string {
      auto writer = probe::ProbeWriter::create({.domain = domain()}).value();
      for (std::uint64_t n = 0;; ++n) {
        writer.write({.cycle = n});
        if (n == 0) ready.write("+");
        ::usleep(1'000);
      }
    });
    static_cast<void>(ready.await_byte());
    return child;
  }
};

TEST_F(WatchCommand, CsvHasAHeadAndPlainValues) {
  auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 9'007'199'254'740'993,
                .axes = {{{.position = -0.1, .state = gantry::AxisState::Moving, .homed = true}}},
                .power = gantry::Power::Drives | gantry::Power::Vacuum,
                .temperatures = {1, -2, 3, 4}});
  const ToolAnswer answer =
      run({"watch", "gantry", "--csv", "--time", "relative", "--count", "1", "--field", "cycle",
           "--field", "axes[0]", "--field", "power", "--field", "temperatures"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_EQ(answer.out,
            "time,cycle,axes[0].position,axes[0].velocity,axes[0].state,axes[0].homed,power,"
            "temperatures[0],temperatures[1],temperatures[2],temperatures[3]\n"
            "0.000000,9007199254740993,-0.1,0,Moving,true,Drives|Vacuum,1,-2,3,4\n");
}

TEST_F(WatchCommand, TheTimeOfAValueIsItsStamp) {
  auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 7});
  const std::vector<std::string> watch{"watch", "gantry", "--field", "cycle", "--count", "1"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), watch.begin(), watch.end());
    const ToolAnswer answer = run(more);
    EXPECT_EQ(answer.code, 0) << answer.err;
    return answer.out;
  };
  const auto sample = nlohmann::json::parse(with({"--time", "monotonic", "--format", "json"}));
  const std::uint64_t stamp = sample["stamp_ns"];
  const std::string seconds =
      fmt::format("{}.{:06}", stamp / 1'000'000'000, stamp % 1'000'000'000 / 1'000);
  EXPECT_EQ(fmt::format("{:.6f}", sample["time"].get<double>()), seconds);
  EXPECT_EQ(with({"--csv"}), "time,cycle\n" + seconds + ",7\n");
  EXPECT_EQ(with({"--time", "monotonic"}), "1 " + seconds + " cycle=7\n");
  const std::string wall = with({"--time", "wall"});
  EXPECT_TRUE(std::regex_match(
      wall, std::regex(R"(1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[-+]\d\d:\d\d cycle=7\n)")))
      << wall;
  EXPECT_NE(with({"--time", "wall", "--format", "json"}).find(R"("time":"20)"), std::string::npos);
}

TEST_F(WatchCommand, SeveralSegmentsAreToldApart) {
  auto gantry = gantry::GantryWriter::create({.domain = domain()}).value();
  auto alarm = AlarmWriter::create({.domain = domain()}).value();
  gantry.write({.cycle = 7});
  ASSERT_TRUE(alarm.push({.code = 3, .level = 1}));
  const std::vector<std::string> watch{"gantry",     "--field", "cycle", "--field",
                                       "alarm:code", "--count", "2"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), watch.begin(), watch.end());
    more.insert(more.begin(), "watch");
    const ToolAnswer answer = run(more);
    EXPECT_EQ(answer.code, 0) << answer.err;
    return answer.out;
  };
  EXPECT_EQ(std::regex_replace(with({}), std::regex(R"(\d+\.\d{6})"), "STAMP"),
            "gantry 1 STAMP cycle=7\nalarm 1 STAMP code=3\n");
  EXPECT_EQ(std::regex_replace(with({"--csv"}), std::regex(R"(\d+\.\d{6})"), "STAMP"),
            "time,gantry:cycle,alarm:code\nSTAMP,7,\nSTAMP,,3\n");
  const std::string documents = with({"--format", "json"});
  EXPECT_NE(documents.find(R"({"segment":"alarm","sequence":1,)"), std::string::npos) << documents;
  const ToolAnswer all = run({"watch", "alarm", "gantry", "--count", "1"});
  EXPECT_TRUE(all.out.starts_with("alarm 1 ")) << all.out;
  EXPECT_NE(all.out.find(" code=3 level=1\n"), std::string::npos) << all.out;
}

/// Nothing is published, so there is no further output that could fail.
TEST_F(WatchCommand, EndsWhenNothingReadsItsOutput) {
  auto alarm = AlarmWriter::create({.domain = domain()}).value();
  static_cast<void>(alarm.push({}));
  for (const char* command : {"watch alarm --interval 1h", "list --watch --interval 1h"}) {
    const ToolAnswer answer = run_program(
        "/bin/bash", {"-c", "timeout -s KILL 60 " + std::string(EVO_SHM) + " --domain " +
                                directory_.path().string() + ' ' + command +
                                " | head -1 >/dev/null; echo ${PIPESTATUS[0]}"});
    EXPECT_EQ(answer.out, "1\n") << command;
  }
}

TEST_F(WatchCommand, RefusesWhatDoesNotGoTogether) {
  auto writer = gantry::GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 7});
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"watch"},
                                             {"watch", "--field", "cycle"},
                                             {"watch", "gantry", "probe", "--field", "cycle"},
                                             {"watch", "gantry", "--csv", "--format", "json"},
                                             {"watch", "gantry", "--csv", "--rate"},
                                             {"watch", "gantry", "--time", "sidereal"}}) {
    const ToolAnswer answer = run(wrong);
    EXPECT_EQ(answer.code, 2) << fmt::format("{}", fmt::join(wrong, " "));
    EXPECT_EQ(answer.out, "");
    EXPECT_NE(answer.err, "");
  }
  EXPECT_EQ(run({"watch", "gantry", "--field", "nothing:cycle"}).code, 3);
}

TEST_F(WatchCommand, ANewWriterIsReportedBeforeItsValues) {
  auto first = publisher();
  Program watch(EVO_SHM, here({"probe", "--field", "cycle", "--interval", "1ms"}));
  ASSERT_TRUE(watch.next_line());
  const auto next_note = [&] {
    for (auto line = watch.next_line(); line; line = watch.next_line()) {
      if (line->starts_with('#')) return *line;
    }
    return std::string();
  };
  first->kill();
  EXPECT_TRUE(next_note().starts_with("# writer is dead"));
  const auto second = publisher();
  const auto line = watch.next_line();
  ASSERT_TRUE(line);
  EXPECT_EQ(line->substr(0, 25),
            fmt::format("# writer is alive, pid {}", second->pid()).substr(0, 25));
  const auto value = watch.next_line();
  ASSERT_TRUE(value);
  EXPECT_NE(value->find(" cycle="), std::string::npos) << *value;
}

TEST_F(WatchCommand, InCsvTheWriterIsReportedOnStderr) {
  auto child = publisher();
  Program watch("/bin/sh", {"-c", fmt::format("exec '{}' --domain '{}' watch probe --csv --field "
                                              "cycle 2>'{}'",
                                              EVO_SHM, directory_.path().string(),
                                              (directory_.path() / "errors").string())});
  EXPECT_EQ(watch.next_line(), "time,cycle");
  ASSERT_TRUE(watch.next_line());
  child->kill();
  std::string note;
  for (int wait = 0; note.empty() && wait < 3000; ++wait) {
    ::usleep(10'000);
    std::ifstream errors(directory_.path() / "errors");
    std::getline(errors, note);
  }
  EXPECT_TRUE(note.starts_with("# writer is dead")) << note;
  ::kill(watch.pid(), SIGTERM);
  std::string rest;
  watch.join(&rest);
  EXPECT_EQ(rest.find('#'), std::string::npos) << rest;
}

}  // namespace
}  // namespace evo::test
