// SPDX-License-Identifier: Apache-2.0
/// The parts of evo-shm pub: what a schema file declares, cycles, ramps and rows.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <alarm.evo.hpp>
#include <bulk.evo.hpp>
#include <camera.evo.hpp>
#include <counter.evo.hpp>
#include <filesystem>
#include <fstream>
#include <gantry.evo.hpp>
#include <iterator>
#include <probe.evo.hpp>
#include <regex>
#include <switches.evo.hpp>

#include "decode/schema_file.hpp"
#include "evo/schema_layout.hpp"
#include "stub/blake2b.hpp"
#include "stub/cycles.hpp"
#include "stub/declared_segment.hpp"
#include "stub/ramp.hpp"
#include "stub/rows.hpp"
#include "stub/schema_id.hpp"
#include "test_schema.hpp"
#include "text/descriptor.hpp"

namespace evo::test {
namespace {

using gantry::Gantry;

namespace fs = std::filesystem;

std::string text_in(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string hex_of(std::string_view text) {
  return SchemaId{.bytes = tools::blake2b_256(text)}.hex();
}

TEST(StubSchemaId, HashesAsBlake2bDoes) {
  EXPECT_EQ(hex_of(""), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(hex_of("abc"), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

/// Name and schema id of each segment in a generated header; not of its links.
std::vector<std::pair<std::string, std::string>> generated_ids(const std::string& header) {
  static const std::regex pattern(
      "// Segment ([a-z0-9_]+) of [a-z0-9_]+\n//   schema id ([0-9a-f]+)\n");
  std::vector<std::pair<std::string, std::string>> ids;
  for (std::sregex_iterator match(header.begin(), header.end(), pattern), end; match != end;
       ++match) {
    ids.emplace_back((*match)[1], (*match)[2]);
  }
  return ids;
}

TEST(StubSchemaId, IsThatOfTheGeneratorForEveryGoldenSchema) {
  std::size_t compared = 0;
  for (const auto& folder : fs::directory_iterator(std::string(EVO_SCHEMAS) + "/../golden")) {
    const fs::path schema = folder.path() / "schema.fbs";
    if (!fs::exists(folder.path() / "expected.evo.hpp") || !fs::exists(schema)) continue;
    for (const auto& [name, id] : generated_ids(text_in(folder.path() / "expected.evo.hpp"))) {
      const auto bfbs = tools::compile_schema(schema, {folder.path()});
      // It has unquoted fractions, which the generator puts into quotes before flatc sees them.
      if (!bfbs && folder.path().filename() == "all_attributes") break;
      ASSERT_TRUE(bfbs) << schema << ": " << bfbs.error().message;
      const auto layout = read_schema(*bfbs, name);
      ASSERT_TRUE(layout) << schema << ": " << layout.error().message;
      EXPECT_EQ(tools::schema_id_of(*layout, *bfbs).hex(), id)
          << schema << "\n"
          << tools::canonical_text(*layout, *bfbs);
      ++compared;
    }
  }
  EXPECT_GT(compared, 10U);
}

/// Compares the description read from the schema file with the generated one.
template <class Channel>
void expect_declared(const std::string& file) {
  SCOPED_TRACE(Channel::name);
  const auto declared = tools::declared_segment(test_schema(file), {}, std::string(Channel::name));
  ASSERT_TRUE(declared) << declared.error().message;
  const ChannelDescription ours = tools::describe(declared->description);
  const ChannelDescription generated = describe<Channel>();
  EXPECT_EQ(ours.owner, generated.owner);
  EXPECT_EQ(ours.kind, generated.kind);
  EXPECT_EQ(ours.size, generated.size);
  EXPECT_EQ(ours.alignment, generated.alignment);
  EXPECT_EQ(ours.slots, generated.slots);
  EXPECT_EQ(ours.overflow, generated.overflow);
  EXPECT_EQ(ours.max_readers, generated.max_readers);
  EXPECT_EQ(ours.period, generated.period);
  EXPECT_EQ(ours.max_age, generated.max_age);
  EXPECT_EQ(ours.stamp, generated.stamp);
  EXPECT_EQ(ours.checksum, generated.checksum);
  EXPECT_EQ(ours.access, generated.access);
  EXPECT_EQ(ours.version, generated.version);
  EXPECT_EQ(ours.schema_id, generated.schema_id);
}

TEST(StubDeclaration, IsThatOfTheGenerator) {
  expect_declared<gantry::GantryChannel>("gantry");
  expect_declared<AlarmChannel>("alarm");
  expect_declared<TraceChannel>("alarm");
  expect_declared<SealedChannel>("alarm");
  expect_declared<PanelChannel>("switches");
  expect_declared<probe::BulkChannel>("bulk");
  expect_declared<probe::CameraChannel>("camera");
  expect_declared<probe::CounterChannel>("counter");
  expect_declared<probe::ProbeChannel>("probe");
}

TEST(StubCycles, AreDueOnAnAbsoluteSchedule) {
  tools::Cycles cycles(3.0);
  for (int i = 0; i < 3'000'000; ++i) cycles.advance();
  EXPECT_EQ(cycles.due_ns(), 1'000'000'000'000'000U) << "rounding errors do not accumulate";
  EXPECT_FALSE(cycles.done());
}

TEST(StubCycles, EndBeforeTheirSpan) {
  tools::Cycles cycles(10.0, 1'000'000'000);
  EXPECT_EQ(cycles.last_ns(), 900'000'000U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(cycles.done());
    cycles.advance();
  }
  EXPECT_TRUE(cycles.done());
  EXPECT_EQ(tools::Cycles(10.0, 1'000'000'001).last_ns(), 1'000'000'000U);
}

TEST(StubCycles, LeaveOutWhatIsTooLate) {
  tools::Cycles cycles(10.0, 1'000'000'000);
  EXPECT_EQ(cycles.catch_up(99'999'999), 0U) << "late, but before the next";
  EXPECT_EQ(cycles.due_ns(), 0U);
  EXPECT_EQ(cycles.catch_up(350'000'000), 3U);
  EXPECT_EQ(cycles.due_ns(), 300'000'000U);
  EXPECT_EQ(cycles.catch_up(350'000'000), 0U);
  cycles.advance();
  EXPECT_EQ(cycles.catch_up(350'000'000), 0U) << "the next is not due";
  EXPECT_EQ(cycles.due_ns(), 400'000'000U);
  EXPECT_EQ(cycles.catch_up(70'000'000'000), 6U);
  EXPECT_TRUE(cycles.done());
}

class StubFields : public testing::Test {
 protected:
  Result<tools::Ramp> ramp(const std::string& text) {
    return tools::Ramp::parse(declared_.fields, text);
  }
  /// The ramp's field after that time.
  std::string at(const tools::Ramp& ramp, std::uint64_t time_ns, std::uint64_t span_ns) {
    ramp.apply(time_ns, span_ns, value_);
    return declared_.fields.text(ramp.field(), value_);
  }

  tools::DeclaredSegment declared_ =
      tools::declared_segment(test_schema("gantry"), {}, "gantry").value();
  std::vector<std::byte> value_ = std::vector<std::byte>(sizeof(Gantry));
};

TEST_F(StubFields, ARampGoesFromItsFirstToItsLastNumber) {
  const auto position = ramp("axes[1].position=-10.5..20.5").value();
  EXPECT_EQ(at(position, 0, 1000), "-10.5");
  EXPECT_EQ(at(position, 500, 1000), "5");
  EXPECT_EQ(at(position, 1000, 1000), "20.5");
  EXPECT_EQ(at(position, 2000, 1000), "20.5");
  const auto cycle = ramp("cycle=0..18446744073709551615").value();
  EXPECT_EQ(at(cycle, 1000, 1000), "18446744073709551615") << "exactly";
  const auto offset = ramp("offset=3..-3").value();
  EXPECT_EQ(at(offset, 350, 1000), "1") << "rounded";
}

TEST_F(StubFields, ARampWithATimeBeginsAgain) {
  const auto offset = ramp("offset=0..100/2s").value();
  EXPECT_EQ(at(offset, 1'000'000'000, 0), "50");
  EXPECT_EQ(at(offset, 1'980'000'000, 0), "99");
  EXPECT_EQ(at(offset, 2'000'000'000, 0), "0");
  EXPECT_EQ(at(offset, 7'000'000'000, 0), "50");
}

TEST_F(StubFields, CellsMayStandInQuotes) {
  const auto cells = tools::cells_of(R"( 1 ,"[1, 2]", "say ""no""" ,,x)").value();
  EXPECT_EQ(cells, (std::vector<std::string>{"1", "[1, 2]", "say \"no\"", "", "x"}));
  EXPECT_EQ(tools::cells_of("\"a").error().message, "a quote is not closed on its line");
  EXPECT_EQ(tools::cells_of("\"a\" b,c").error().message, "'b' follows a closing quote");
}

TEST_F(StubFields, RowsCarryTimesSinceTheFirst) {
  const std::string text = "\xEF\xBB\xBFtime,offset\r\n100.5,1\r\n\r\n100.75,2\r\n100.75,3";
  const tools::Descriptor file(::memfd_create("rows", MFD_CLOEXEC));
  ASSERT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  tools::FileLines lines(file.get(), 0);
  auto rows = tools::Rows::of(lines, {declared_.fields, value_, "rows.csv"}).value();
  EXPECT_TRUE(rows.timed());
  EXPECT_EQ(rows.next().value()->time_ns, 0U);
  EXPECT_EQ(rows.next().value()->time_ns, 250'000'000U);
  const auto last = rows.next().value().value();
  EXPECT_EQ(last.time_ns, 250'000'000U) << "at the same time";
  EXPECT_EQ(declared_.fields.text(declared_.fields.find("offset").value().front(), last.value),
            "3");
  EXPECT_FALSE(rows.next().value());
}

}  // namespace
}  // namespace evo::test
