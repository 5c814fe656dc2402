// SPDX-License-Identifier: Apache-2.0
/// evo-shm list, inspect, readers, schema, watch: golden output of a segment with every kind of
/// field.
#include <alarm.evo.hpp>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>

#include "evo/segment_info.hpp"

#include "file_bytes.hpp"
#include "program.hpp"
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using gantry::Axis;
using gantry::AxisState;
using gantry::Gantry;
using gantry::GantryWriter;
using gantry::Power;

class Look : public ToolTest {
 protected:
  static Gantry sample() {
    Gantry value{.cycle = 7, .power = Power::Drives | Power::Vacuum, .offset = -3};
    value.axes[0] = {.position = 12.5, .velocity = 0.1F, .state = AxisState::Moving, .homed = true};
    value.axes[2] = {.position = -500, .state = AxisState::Unknown};
    value.temperatures = {21, 22, -5, 90};
    return value;
  }
  GantryWriter written() {
    auto writer = GantryWriter::create({.domain = domain()}).value();
    writer.write(sample());
    return writer;
  }
};

TEST_F(Look, ListTellsOfEverySegmentAndItsWriter) {
  const auto writer = written();
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  const ToolAnswer table = run({"list"});
  EXPECT_EQ(table.code, 0) << table.err;
  expect_golden("list.txt", steady(table.out));
  const ToolAnswer json = run({"list", "--format", "json"});
  EXPECT_EQ(json.code, 0) << json.err;
  expect_golden("list.json", steady(json.out));
}

TEST_F(Look, ListOfWhatIsWrongEndsWithOne) {
  const auto writer = written();
  EXPECT_EQ(run({"list", "--wrong"}).code, 0);
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  const ToolAnswer answer = run({"list", "--wrong"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.out.find("probe"), std::string::npos);
}

TEST_F(Look, InspectDecodesEverySortOfField) {
  const auto writer = written();
  const ToolAnswer table = run({"inspect", "gantry", "--rate-over", "0s"});
  EXPECT_EQ(table.code, 0) << table.err;
  expect_golden("inspect.txt", steady(table.out));
  const ToolAnswer json =
      run({"inspect", "gantry", "--rate-over", "10ms", "--hex", "--format", "json"});
  EXPECT_EQ(json.code, 0) << json.err;
  expect_golden("inspect.json", steady(json.out));
}

TEST_F(Look, InspectMarksWhatIsOutsideItsRange) {
  auto writer = written();
  Gantry value = sample();
  value.axes[1].position = 500.5;
  writer.write(value);
  const ToolAnswer answer = run({"inspect", "gantry"});
  EXPECT_NE(answer.out.find("500.5 !"), std::string::npos) << answer.out;
}

TEST_F(Look, InspectOfADeadWriterStillShowsItsValue) {
  in_child([&]() -> std::string {
    const auto writer = written();
    die();
  });
  const ToolAnswer answer = run({"inspect", "gantry"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.out.find("gantry, dead"), std::string::npos) << answer.out;
  EXPECT_NE(answer.out.find("Drives|Vacuum"), std::string::npos) << answer.out;
}

TEST_F(Look, InspectOfACorruptSchemaFallsBackToHexAndSaysWhy) {
  const auto writer = written();
  const auto file = directory_.data_file();
  // The first word of the embedded schema, an offset, points outside it.
  const auto offset = peek<std::uint32_t>(file, offsetof(SegmentHeader, schema_offset));
  poke(file, offset, std::uint32_t{0x7fffffff});
  const ToolAnswer answer = run({"inspect", "gantry"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.out.find("not decoded: "), std::string::npos) << answer.out;
  EXPECT_NE(answer.out.find("00000000: 0700 0000"), std::string::npos) << answer.out;
}

TEST_F(Look, InspectOfAnUntypedSegmentShowsItsBytes) {
  auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = domain()}).value();
  writer.write(bytes_of(std::uint64_t{0x4142}));
  const ToolAnswer answer = run({"inspect", "probe"});
  EXPECT_EQ(answer.code, 0) << answer.out;
  EXPECT_NE(answer.out.find("00000000: 4241 0000 0000 0000"), std::string::npos) << answer.out;
  EXPECT_NE(answer.out.find("carries no schema"), std::string::npos) << answer.out;
}

TEST_F(Look, AStampInTheFutureIsExplainedEverywhere) {
  const auto writer = written();
  const auto reader = gantry::GantryReader::attach({.domain = domain()}).value();
  poke(directory_.data_file(), offsetof(SegmentHeader, last_write_ns),
       monotonic_ns() + 3'600'000'000'000U);
  const auto says = [&](std::vector<std::string> command, int code, std::string_view what) {
    const ToolAnswer answer = run(command);
    EXPECT_EQ(answer.code, code) << command[0] << answer.err;
    EXPECT_NE(answer.out.find(what), std::string::npos) << command[0] << "\n" << answer.out;
  };
  says({"list", "--wrong"}, 1, " min ahead, stale");
  says({"inspect", "gantry"}, 1, " min ahead, stale");
  says({"top", "--once", "--interval", "10ms"}, 0, " min ahead");
  for (const auto& command :
       {std::vector<std::string>{"validate", "gantry"}, {"doctor"}, {"graph", "--lint"}}) {
    says(command, 1, "another CLOCK_MONOTONIC (another time namespace, or a container");
    says(command, 1, "; restart the writer where its readers run");
  }
  const auto json = nlohmann::json::parse(run({"inspect", "gantry", "--format", "json"}).out);
  EXPECT_EQ(json["freshness"], "stale");
  EXPECT_FALSE(json.contains("age_ns"));
  EXPECT_GT(json["stamp_ahead_ns"], 3'500'000'000'000);
}

TEST_F(Look, InspectTakesNoPlaceInTheReaderTable) {
  const auto writer = written();
  EXPECT_EQ(run({"inspect", "gantry"}).code, 0);
  const auto info = inspect_segment(domain(), "gantry").value();
  EXPECT_TRUE(info.readers.empty());
  EXPECT_EQ(peek<std::uint32_t>(directory_.path() / "evo_gantry.ctl", 200), 0U)
      << "reader entries that were ever used";
}

TEST_F(Look, AMistypedNameIsNotFoundAndTheNearestIsNamed) {
  const auto writer = written();
  const ToolAnswer answer = run({"inspect", "gantri"});
  EXPECT_EQ(answer.code, 3);
  EXPECT_EQ(answer.out, "");
  EXPECT_NE(answer.err.find("did you mean 'gantry'?"), std::string::npos) << answer.err;
}

TEST_F(Look, ReadersNamesWhoIsAttached) {
  const auto writer = written();
  const auto reader = gantry::GantryReader::attach({.domain = domain()}).value();
  const ToolAnswer answer = run({"readers", "gantry"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_NE(answer.out.find(std::to_string(::getpid())), std::string::npos) << answer.out;
  const auto json = nlohmann::json::parse(run({"readers", "gantry", "--format", "json"}).out);
  ASSERT_EQ(json.size(), 1U);
  EXPECT_EQ(json[0]["pid"], ::getpid());
}

TEST_F(Look, SchemaTellsFieldsAndAttributes) {
  const auto writer = written();
  expect_golden("schema.txt", steady(run({"schema", "gantry"}).out));
  expect_golden("schema.json", run({"schema", "gantry", "--format", "json"}).out);
  expect_golden("schema.fbs", run({"schema", "gantry", "--fbs"}).out);
}

TEST_F(Look, AWrittenSchemaFitsTheSegmentThatItCameFrom) {
  const auto writer = written();
  const auto file = directory_.path() / "again.fbs";
  std::ofstream(file) << run({"schema", "gantry", "--fbs"}).out;
  const ToolAnswer answer = run({"diff", "gantry", file.string()});
  EXPECT_EQ(answer.code, 0) << answer.out << answer.err;
}

TEST_F(Look, ASchemaWithNamesThatAreNoneIsNotWritten) {
  const auto writer = written();
  const auto file = directory_.data_file();
  std::vector<std::byte> bytes = read_bytes(file);
  const std::string_view name = "temperatures";
  const auto found = std::search(bytes.begin(), bytes.end(), name.begin(), name.end(),
                                 [](std::byte b, char c) { return std::to_integer<char>(b) == c; });
  ASSERT_NE(found, bytes.end());
  poke(file, static_cast<std::size_t>(found - bytes.begin()), '\x1b');
  const ToolAnswer answer = run({"schema", "gantry", "--fbs"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.out, "");
  EXPECT_EQ(run({"schema", "gantry"}).out.find('\x1b'), std::string::npos);
}

TEST_F(Look, WatchPrintsALineForEachChangeOfItsFields) {
  auto writer = written();
  const ToolAnswer answer =
      run({"watch", "gantry", "--field", "axes[0].position", "--field", "power", "--count", "1"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_NE(answer.out.find(" axes[0].position=12.5 power=Drives|Vacuum\n"), std::string::npos)
      << answer.out;
  EXPECT_EQ(run({"watch", "gantry", "--field", "axis"}).code, 3);
}

TEST_F(Look, AFieldOfAnyNameIsBesideTheMembersOfItsRecord) {
  auto writer = TraceWriter::create({.domain = domain()}).value();
  ASSERT_TRUE(writer.push({.step = 77}));
  // A schema may give a field the same name as a member of the record.
  const auto file = directory_.data_file();
  std::vector<std::byte> bytes = read_bytes(file);
  const std::string_view name("step\0", 5);
  const auto found = std::search(bytes.begin(), bytes.end(), name.begin(), name.end(),
                                 [](std::byte b, char c) { return std::to_integer<char>(b) == c; });
  ASSERT_NE(found, bytes.end());
  poke(file, static_cast<std::size_t>(found - bytes.begin()), std::array{'l', 'o', 's', 't'});
  for (const char* command : {"watch", "plot"}) {
    const ToolAnswer answer =
        run({command, "trace", "--field", "lost", "--for", "50ms", "--format", "json"});
    ASSERT_EQ(answer.code, 0) << answer.err;
    auto record = nlohmann::json::parse(answer.out);
    EXPECT_EQ(record["sequence"], 1) << answer.out;
    EXPECT_FALSE(record.contains("lost")) << answer.out;
    EXPECT_EQ(record["values"]["lost"], 77) << answer.out;
  }
}

TEST_F(Look, WatchOfAStreamMissesNothing) {
  auto writer = AlarmWriter::create({.domain = domain()}).value();
  writer.push({.code = 0});
  Program watch(EVO_SHM, {"--domain", directory_.path().string(), "--format", "json", "watch",
                          "alarm", "--field", "code"});
  const auto next_code = [&] {
    const auto line = watch.next_line();
    return line ? nlohmann::json::parse(*line)["values"]["code"].get<int>() : -1;
  };
  EXPECT_EQ(next_code(), 0);
  for (std::uint32_t i = 1; i < 60; i += 3) {
    // As many at the same time as the ring keeps while another value is filled in.
    for (std::uint32_t k = i; k < i + 3; ++k) writer.push({.code = k});
    for (std::uint32_t k = i; k < i + 3; ++k) ASSERT_EQ(next_code(), static_cast<int>(k));
  }
}

}  // namespace
}  // namespace evo::test
