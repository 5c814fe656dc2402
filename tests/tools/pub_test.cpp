// SPDX-License-Identifier: Apache-2.0
/// evo-shm pub: simulates a writer, from a schema file alone.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <alarm.evo.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <gantry.evo.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <thread>

#include "child_process.hpp"
#include "evo/format.hpp"
#include "evo/segment_info.hpp"
#include "program.hpp"
#include "stub/declared_segment.hpp"
#include "test_schema.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using gantry::AxisState;
using gantry::Gantry;
using gantry::GantryReader;
using gantry::GantryWriter;
using std::chrono_literals::operator""s;

namespace fs = std::filesystem;

/// A named pipe whose writing end stays open.
class Fifo {
 public:
  explicit Fifo(std::string path) : path_(std::move(path)) {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("mkfifo failed");
    fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  }
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;
  ~Fifo() { ::close(fd_); }

  [[nodiscard]] const std::string& path() const { return path_; }
  void write(const std::string& text) const {
    ASSERT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

 private:
  std::string path_;
  int fd_ = -1;
};

class Pub : public ToolTest {
 protected:
  [[nodiscard]] std::string written(const std::string& text) const {
    const auto path = directory_.path() / "rows.csv";
    std::ofstream(path) << text;
    return path.string();
  }

  /// Starts it in the background, and waits until it holds the segment.
  [[nodiscard]] std::unique_ptr<Program> started(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--domain", directory_.path().string(), "pub"});
    auto program = std::make_unique<Program>(EVO_SHM, std::move(arguments));
    const auto line = program->next_line();
    EXPECT_TRUE(line && line->starts_with("evo-shm: publishing '")) << line.value_or("nothing");
    return program;
  }

  void expect_refused(int code, std::vector<std::string> arguments, std::string_view said) const {
    arguments.insert(arguments.begin(), "pub");
    const std::string shown = fmt::format("{}", fmt::join(arguments, " "));
    const ToolAnswer answer = run(std::move(arguments));
    EXPECT_EQ(answer.code, code) << shown << "\n" << answer.err;
    EXPECT_EQ(answer.out, "") << shown;
    EXPECT_NE(answer.err.find(said), std::string::npos) << shown << "\n" << answer.err;
    EXPECT_EQ(answer.err.find("publishing"), std::string::npos) << "nothing was created";
  }
  /// For segment gantry.
  void expect_refused_csv(const std::string& text, std::string_view said) const {
    expect_refused(2, {kGantry, "gantry", "--rate", "100", "--csv", written(text)}, said);
  }

  /// For segment alarm, from which no reader takes values: waits until its sequence stops.
  void wait_until_full() const {
    for (std::uint64_t before = 0;;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      const auto sequence = inspect_segment(domain(), "alarm").value().sequence;
      if (sequence == before && sequence >= 4) return;
      before = sequence;
    }
  }

  /// The two numbers in the last line.
  static std::pair<std::uint64_t, std::uint64_t> tally_in(const std::string& text) {
    static const std::regex pattern("published ([0-9]+) values?, missed ([0-9]+) cycles?\n");
    std::smatch match;
    if (!std::regex_search(text, match, pattern)) return {0, 0};
    return {std::stoull(match[1]), std::stoull(match[2])};
  }

  const std::string kGantry = test_schema("gantry");
  const std::string kAlarm = test_schema("alarm");
};

TEST_F(Pub, AGeneratedReaderReadsWhatItPublishes) {
  const auto stub =
      started({kGantry, "gantry", "offset=-4", "axes[1].state=Moving", "axes[1].position=12.5",
               "temperatures=[1, 2, 3, -4]", "power=Drives|Vacuum"});
  auto reader = GantryReader::attach({.domain = domain()}).value();
  EXPECT_EQ(to_string(reader.writer_state()), "Alive");
  while (!reader.read()) std::this_thread::yield();
  const Gantry value = reader.read().value().value;
  Gantry expected{.power = gantry::Power::Drives | gantry::Power::Vacuum,
                  .temperatures = {1, 2, 3, -4},
                  .offset = -4};
  expected.axes[1] = {.position = 12.5, .state = AxisState::Moving};
  EXPECT_EQ(value, expected);
  EXPECT_EQ(inspect_segment(domain(), "gantry").value().module, "gantry_control");
  std::string said;
  ::kill(stub->pid(), SIGTERM);
  EXPECT_EQ(stub->join(&said), 0);
  EXPECT_EQ(said, "evo-shm: published 1 value, missed 0 cycles\n");
  EXPECT_EQ(to_string(reader.writer_state()), "Closed");
}

TEST_F(Pub, EachSignalThatAsksForItsEndClosesTheSegment) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ::signal(signal, SIG_DFL);  // the parent of the tests may ignore it
    for (const bool cyclic : {false, true}) {
      std::vector<std::string> arguments{kGantry, "gantry"};
      if (cyclic) arguments.insert(arguments.end(), {"--rate", "1000"});
      EXPECT_EQ(started(arguments)->end(signal), 0) << signal;
      EXPECT_TRUE(directory_.files().empty()) << signal;
    }
  }
}

TEST_F(Pub, ALiveWriterStays) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  for (const char* dry : {"--for=1s", "--dry-run"}) {
    const ToolAnswer answer = run({"pub", kGantry, "gantry", dry});
    EXPECT_EQ(answer.code, 6) << answer.err;
    EXPECT_NE(answer.err.find("pid " + std::to_string(::getpid())), std::string::npos)
        << answer.err;
  }
  EXPECT_TRUE(writer.write({}));
}

TEST_F(Pub, TakesADeadWritersSegmentOver) {
  in_child([&]() -> std::string {
    const auto writer = GantryWriter::create({.domain = domain()}).value();
    die();
  });
  const auto stub = started({kGantry, "gantry", "offset=4"});
  auto reader = GantryReader::attach({.domain = domain()}).value();
  EXPECT_EQ(to_string(reader.writer_state()), "Alive");
  EXPECT_EQ(stub->end(), 0);
}

TEST_F(Pub, ItsCyclesEndWithTheTime) {
  const ToolAnswer answer = run({"pub", kGantry, "gantry", "--rate", "1000", "--for", "50ms",
                                 "--ramp", "offset=1..5", "--format", "json"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  const auto [published, missed] = tally_in(answer.err);
  EXPECT_GT(published, 0U);
  EXPECT_EQ(published + missed, 50U) << answer.err;
  const auto json = nlohmann::json::parse(answer.out);
  EXPECT_EQ(json["published"], published);
  EXPECT_EQ(json["missed"], missed);
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Pub, ARampMoves) {
  const auto stub = started({kGantry, "gantry", "--rate", "200", "--ramp", "offset=1..9/100ms"});
  auto reader = GantryReader::attach({.domain = domain()}).value();
  std::set<std::int32_t> seen;
  while (seen.size() < 4) {
    ASSERT_TRUE(reader.wait_for_change(60s));
    const auto offset = reader.read().value().value.offset;
    EXPECT_TRUE(offset >= 1 && offset <= 9) << offset;
    seen.insert(offset);
  }
  EXPECT_EQ(stub->end(), 0);
}

TEST_F(Pub, EveryRowGoesThroughAFullStream) {
  const Fifo rows(directory_.path() / "fifo");
  rows.write("code,level\n");
  const auto stub = started({kAlarm, "alarm", "--rate", "10000", "--csv", rows.path()});
  auto reader = AlarmReader::attach({.domain = domain()}).value();
  for (int i = 1; i <= 50; ++i) rows.write(fmt::format("{},{}\n", i, i % 3));
  wait_until_full();
  for (std::uint32_t code = 1; code <= 50; ++code) {
    ASSERT_TRUE(reader.wait_for_next(60s));
    const auto next = reader.next();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->value.code, code) << "four values fit, and the writer waits";
    EXPECT_EQ(next->value.level, code % 3);
  }
  EXPECT_EQ(stub->end(), 0);
}

TEST_F(Pub, ASignalEndsTheWaitForASlowReader) {
  const auto stub = started({kAlarm, "alarm", "code=5", "--rate", "1000"});
  const auto reader = AlarmReader::attach({.domain = domain()}).value();
  wait_until_full();
  EXPECT_EQ(stub->end(), 0);
}

TEST_F(Pub, RowsHaveTimes) {
  const std::string rows = written("time,code\n5,1\n5.001,2\n1000,3\n");
  const ToolAnswer answer = run({"pub", kAlarm, "alarm", "--csv", rows, "--for", "100ms"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_EQ(tally_in(answer.err).first, 2U) << "the third value is due much later";
  const ToolAnswer all =
      run({"pub", kAlarm, "alarm", "--csv", written("time,code\n5,1\n5.01,2\n")});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_EQ(tally_in(all.err).first, 2U);
}

TEST_F(Pub, RowsComeThroughAPipe) {
  const std::string command = fmt::format("'{}' --domain '{}' pub '{}' alarm --rate 1000 --csv -",
                                          EVO_SHM, directory_.path().string(), kAlarm);
  const auto piped = [&](const std::string& text) {
    return run_program("/bin/bash", {"-c", "printf '" + text + "' | " + command});
  };
  const ToolAnswer answer = piped("code,level\\n1,2\\n3,4");
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_EQ(tally_in(answer.err).first, 2U) << answer.err;
  const ToolAnswer wrong = piped("code,level\\n1,2\\n3\\n");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.err.find("standard input:3: 1 cells, but the first line names 2 columns"),
            std::string::npos)
      << wrong.err;
  EXPECT_EQ(tally_in(wrong.err).first, 1U) << "only the row before it";
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Pub, WhatIsNoTextEndsAtOnceHoweverLongItIs) {
  expect_refused(2, {kGantry, "gantry", "--rate=9", "--csv=/dev/zero"}, "it contains a zero byte");
  const std::string rows = written("");
  fs::resize_file(rows, std::uintmax_t{1} << 40);  // it contains nothing but a hole
  expect_refused(2, {kGantry, "gantry", "--rate=9", "--csv", rows}, "it contains a zero byte");
}

TEST_F(Pub, ASignalEndsTheWaitForARow) {
  const Fifo rows(directory_.path() / "fifo");
  rows.write("code\n1\n");
  const auto stub = started({kAlarm, "alarm", "--rate", "5", "--csv", rows.path()});
  while (inspect_segment(domain(), "alarm").value().sequence < 1) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // cycles that are not missed
  rows.write("2\n");
  while (inspect_segment(domain(), "alarm").value().sequence < 2) std::this_thread::yield();
  std::string said;
  ::kill(stub->pid(), SIGTERM);
  EXPECT_EQ(stub->join(&said), 0);
  EXPECT_EQ(tally_in(said), std::pair(std::uint64_t{2}, std::uint64_t{0})) << said;
}

TEST_F(Pub, SaysWhatWasMistyped) {
  expect_refused(3, {"no_such.fbs", "gantry"}, "cannot read the schema file 'no_such.fbs'");
  expect_refused(3, {kGantry, "gantri"}, "did you mean 'gantry'?");
  expect_refused(3, {kGantry, "x"}, "it declares gantry");
  expect_refused(3, {kGantry, "gantry", "offest=1"}, "did you mean 'offset'?");
  expect_refused(2, {kGantry, "gantry", "offset"}, "write field=value");
  expect_refused(2, {kGantry, "gantry", "axes[1].state=Mooving"}, "did you mean 'Moving'?");
  expect_refused(2, {kGantry, "gantry", "--rate", "0"}, "'0' is not a rate");
  expect_refused(2, {kGantry, "gantry", "--rate", "2e6"}, "'2e6' is not a rate");
  expect_refused(2, {kGantry, "gantry", "--for", "10"}, "a time is written as");
}

TEST_F(Pub, ValuesOutOfRangeHaveToBeAskedFor) {
  const auto refused = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{kGantry, "gantry"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    expect_refused(1, arguments, "outside -500 to 500");
    arguments.insert(arguments.begin(), "pub");
    arguments.insert(arguments.end(), {"--out-of-range", "--dry-run"});
    const ToolAnswer permitted = run(arguments);
    EXPECT_EQ(permitted.code, 0) << permitted.err;
  };
  refused({"axes[0].position=501"});
  refused({"--rate=10", "--ramp=axes[0].position=501..5/1s"});
  refused({"--rate=10", "--ramp=axes[0].position=5..501/1s"});
  refused({"--rate=10", "--csv", written("axes[0].position\n5\n501\n")});
}

TEST_F(Pub, SaysWhatIsNoRamp) {
  const auto refused = [&](const std::string& ramp, std::string_view said) {
    expect_refused(2, {kGantry, "gantry", "--rate=10", "--for=1s", "--ramp", ramp}, said);
  };
  refused("offset=5", "write field=A..B");
  refused("offset", "write field=A..B");
  refused("offset=1..5/0s", "write field=A..B");
  refused("offset=1..", "'' is not a valid value for offset");
  refused("offset=1..x", "'x' is not a valid value for offset");
  refused("temperatures=1..5", "such as 'temperatures[0]'");
  refused("axes[0].state=0..1", "'axes[0].state' is not a number");
  refused("axes[0].homed=0..1", "'axes[0].homed' is not a number");
  refused("axes[0].position=nan..1", "is not a ramp");
  expect_refused(3, {kGantry, "gantry", "--rate=10", "--ramp=offest=1..5/1s"}, "'offset'");
  expect_refused(2, {kGantry, "gantry", "--ramp=offset=1..5/1s"}, "--ramp needs --rate");
  expect_refused(2, {kGantry, "gantry", "--rate=1", "--ramp=offset=1..5"}, "offset=1..5/2s");
  expect_refused(2, {kGantry, "gantry", "--rate=1", "--ramp=offset=1..5/1s", "--csv=x"},
                 "--ramp excludes --csv");
}

TEST_F(Pub, ChecksAllRowsBeforeTheFirst) {
  expect_refused_csv("", "rows.csv' is empty");
  expect_refused_csv("offset\n", "rows.csv' has no rows");
  expect_refused_csv("offset,cycle\n1,2\n3\n", "rows.csv:3: 1 cells");
  expect_refused_csv("offset\n1\n\nx\n", "rows.csv:4: 'x' is not a valid value for offset");
  expect_refused_csv("axes[0].state\nIdle\nMooving\n",
                     "rows.csv:3: 'Mooving' is not a valid value");
  expect_refused_csv("offset,offset\n1,2\n", "rows.csv:1: there are two columns 'offset'");
  expect_refused_csv("axes\n1\n", "rows.csv:1: 'axes' stands for 12 fields");
  expect_refused_csv("offset\n\"1\n", "rows.csv:2: a quote is not closed");
  expect_refused_csv(std::string("offset\n1\0\n", 10), "rows.csv:2: it contains a zero byte");
  expect_refused_csv("offset\n" + std::string(2 << 20, '1'), "rows.csv:2: it is longer than");
  expect_refused_csv("offset,temperatures\n1,[1, 2, 3, 4]\n", "put an array in quotes");
  expect_refused(3, {kGantry, "gantry", "--rate=9", "--csv", written("offest\n1\n")},
                 "rows.csv:1: there is no field 'offest'");
  expect_refused(3, {kGantry, "gantry", "--rate=9", "--csv=no_such.csv"}, "no_such.csv");
  expect_refused(2, {kGantry, "gantry", "--csv", written("offset\n1\n")}, "use --rate");
  const std::string timed = written("time,offset\n0,1\n1,2\n0.5,3\n");
  expect_refused(2, {kGantry, "gantry", "--csv", timed}, "rows.csv:4: time 0.5 is earlier");
  const std::string rated = written("time,offset\n0,1\n");
  expect_refused(2, {kGantry, "gantry", "--rate=9", "--csv", rated}, "times of their own");
}

TEST_F(Pub, ASchemaThatTheGeneratorRefusesIsRefused) {
  const auto refused = [&](const std::string& attributes, std::string_view said) {
    const auto file = directory_.path() / "lamp.fbs";
    std::ofstream(file) << "include \"evo.fbs\"; struct Lamp (segment: \"lamp\"" << attributes
                        << ") { lit:bool; }";
    expect_refused(1, {file.string(), "lamp", "--dry-run"}, said);
  };
  refused("", "its attribute 'owner' is ''");
  refused(", owner: \"t\", slots: \"1\"", "'slots' is '1'; write a whole number from 2 to 64");
  refused(", owner: \"t\", kind: \"queue\"", "'kind' is 'queue'; write 'state' or 'stream'");
  refused(", owner: \"t\", kind: \"stream\", capacity: \"3\"", "write a power of two");
  refused(", owner: \"t\", period: \"1\"", "attribute 'period' of 'Lamp' is not a time");
  refused(", owner: \"t\", version: \"1\"", "attribute 'version' of 'Lamp' is not MAJOR.MINOR");
  refused(", owner: \"t\", version: \"99999.0\"", "'version' is '99999.0'; write MAJOR.MINOR");
}

TEST_F(Pub, AStreamThatNamesNoCapacityHas256) {
  const auto file = directory_.path() / "lamp.fbs";
  std::ofstream(file) << "include \"evo.fbs\"; struct Lamp (segment: \"lamp\", owner: \"t\", "
                         "kind: \"stream\") { lit:bool; }";
  EXPECT_EQ(tools::declared_segment(file, {}, "lamp").value().description.slots, 256U);
}

TEST_F(Pub, ADryRunCreatesNothing) {
  const ToolAnswer answer = run({"pub", kGantry, "gantry", "offset=4", "--rate", "10", "--for",
                                 "2s", "--ramp", "cycle=0..9", "--dry-run"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_EQ(answer.err, "");
  expect_golden("pub_dry_run.txt", answer.out);
  expect_golden("pub_dry_run.json",
                run({"pub", kGantry, "gantry", "offset=4", "--dry-run", "--format=json"}).out);
  EXPECT_TRUE(directory_.files().empty());
}

}  // namespace
}  // namespace evo::test
