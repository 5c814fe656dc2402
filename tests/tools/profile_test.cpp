// SPDX-License-Identifier: Apache-2.0
/// evo-shm profile: its figures, and its answers.
#include <counter.evo.hpp>
#include <nlohmann/json.hpp>
#include <probe.evo.hpp>
#include <set>

#include "file_bytes.hpp"
#include "profile/distribution.hpp"
#include "profile/report.hpp"
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using tools::Distribution;
using tools::ProfileReport;

TEST(ProfileDistribution, HasExactPercentiles) {
  Distribution times;
  for (std::uint64_t ns = 1000; ns >= 1; --ns) times.add(ns);
  EXPECT_EQ(times.percentile(0).count(), 1);
  EXPECT_EQ(times.percentile(50).count(), 500);
  EXPECT_EQ(times.percentile(99).count(), 990);
  EXPECT_EQ(times.percentile(99.9).count(), 999);
  EXPECT_EQ(times.percentile(100).count(), 1000);
  times.add(5000);
  EXPECT_EQ(times.percentile(100).count(), 5000) << "even after it was sorted";
}

TEST(ProfileDistribution, TellsHowFarTimesAreFromOne) {
  Distribution times;
  for (const std::uint64_t ns : {90U, 100U, 130U}) times.add(ns);
  const Distribution deviation = times.deviation_from(100);
  EXPECT_EQ(deviation.percentile(0).count(), 0);
  EXPECT_EQ(deviation.percentile(50).count(), 10);
  EXPECT_EQ(deviation.percentile(100).count(), 30);
}

TEST(ProfileDistribution, CountsInBucketsThatGrow) {
  Distribution small;
  for (const std::uint64_t ns : {0U, 1U, 4U, 6U, 17U}) small.add(ns);
  const std::vector<Distribution::Bucket> expected{{0, 4}, {9, 0}, {12, 0}, {17, 1}};
  EXPECT_EQ(small.histogram(), expected);
  Distribution large;
  for (const std::uint64_t ns : {899'999U, 900'000U, 1'249'999U, 2'000'000U}) large.add(ns);
  const std::vector<Distribution::Bucket> around{
      {700'000, 1}, {900'000, 2}, {1'250'000, 0}, {1'750'000, 1}};
  EXPECT_EQ(large.histogram(), around);
  EXPECT_TRUE(Distribution().histogram().empty());
}

TEST(ProfileDistribution, ALoopIsInOneBucket) {
  for (const std::uint64_t period_us : {250U, 500U, 1'000U, 2'000U, 2'500U, 4'000U, 5'000U, 8'000U,
                                        10'000U, 20'000U, 100'000U, 1'000'000U}) {
    Distribution times;
    for (std::uint64_t part = 92; part <= 108; ++part) times.add(period_us * 10 * part);
    EXPECT_EQ(times.histogram().size(), 1U) << period_us << " us, 8 % up and down";
  }
}

/// A report that is always the same.
ProfileReport steady_report() {
  ProfileReport report;
  report.segment = "probe";
  report.kind = "state";
  report.duration_ns = 2'000'000'000;
  report.published = 2000;
  report.seen = 1990;
  report.period_ns = 1'000'000;
  for (std::uint64_t i = 0; i < 1989; ++i) report.intervals.add(1'000'000 + (i * i) % 977);
  report.intervals.add(4'200'000);
  for (std::uint64_t i = 0; i < 1990; ++i) report.delays.add(20'000 + 30 * i);
  for (std::uint64_t i = 0; i < 3000; ++i) report.reads.add(80 + i % 40);
  report.retries = 3;
  report.failed_reads = 1;
  return report;
}

class Profile : public ToolTest {
 protected:
  /// A child that publishes until it is killed; it has published when this function returns.
  template <class Writer, class Value>
  std::unique_ptr<Child> publisher() const {
    Pipe ready;
    auto child = std::make_unique<Child>([&]() -> std::string {
      auto writer = Writer::create({.domain = domain()}).value();
      for (std::uint64_t n = 0;; ++n) {
        writer.write(Value{});
        if (n == 0) ready.write("+");
        ::usleep(1'000);
      }
    });
    static_cast<void>(ready.await_byte());
    return child;
  }

  /// Tries longer and longer durations, until a value was published and taken.
  ToolAnswer profile(const std::string& name, const std::string& format) const {
    ToolAnswer answer;
    for (const char* duration : {"300ms", "3s", "30s"}) {
      answer = run({"profile", name, "--duration", duration, "--format", format});
      if (answer.code == 0) break;
    }
    return answer;
  }
};

TEST_F(Profile, ItsTableAndItsDocumentAreSteady) {
  expect_golden("profile.txt", tools::text_of(steady_report()));
  expect_golden("profile.json", tools::to_json(steady_report()).dump(2) + '\n');
}

/// Collects the names of all members, including nested ones.
void collect_members(const nlohmann::ordered_json& document, std::set<std::string>& names) {
  if (document.is_array() && !document.empty()) collect_members(document.front(), names);
  if (!document.is_object()) return;
  for (const auto& [name, value] : document.items()) {
    names.insert(name);
    collect_members(value, names);
  }
}

TEST_F(Profile, EachMemberOfItsDocumentIsExplained) {
  std::ifstream page(EVO_COMMANDS_PAGE);
  std::string row;
  while (std::getline(page, row) && !row.starts_with("| `profile` | `segment`")) continue;
  ASSERT_TRUE(page) << "docs/evo-shm.md has no row for the document of profile";
  std::set<std::string> names;
  collect_members(tools::to_json(steady_report()), names);
  EXPECT_GT(names.size(), 15U);
  for (const std::string& name : names) {
    EXPECT_NE(row.find('`' + name + '`'), std::string::npos)
        << "docs/evo-shm.md does not say what " << name << " is";
  }
}

TEST_F(Profile, TellsOfLeftOutStampsAndOfMissedIntervals) {
  ProfileReport report = steady_report();
  report.stamped = false;
  report.period_ns = 0;
  std::string text = tools::text_of(report);
  EXPECT_NE(text.find("It has no stamps"), std::string::npos) << text;
  EXPECT_NE(text.find("from their median"), std::string::npos) << text;
  report.intervals = {};
  report.reads = {};
  text = tools::text_of(report);
  EXPECT_NE(text.find("No two publishes in a row"), std::string::npos) << text;
}

TEST_F(Profile, MeasuresARunningWriterByItsStamps) {
  const auto child = publisher<probe::ProbeWriter, probe::Probe>();
  const ToolAnswer answer = profile("probe", "json");
  ASSERT_EQ(answer.code, 0) << answer.err;
  const auto document = nlohmann::json::parse(answer.out);
  EXPECT_EQ(document["intervals_from"], "stamps");
  EXPECT_EQ(document["period_ns"], 1'000'000);
  EXPECT_GE(document["published"], 1);
  EXPECT_LE(document["seen"], document["published"]);
  EXPECT_GE(document["reads"]["count"], 1);
  EXPECT_GE(document["delays"]["count"], 1);
  if (document["intervals"]["count"] > 0) {
    EXPECT_GE(document["intervals"]["min_ns"], 1'000'000) << "the writer slept at least that long";
  }
}

/// Replaces a stamp wherever it is in the segment's file.
void forge_stamp(const std::filesystem::path& file, std::uint64_t stamp_ns, std::uint64_t forged) {
  const std::vector<std::byte> bytes = read_bytes(file);
  for (std::size_t at = 0; at + sizeof stamp_ns <= bytes.size(); at += sizeof stamp_ns) {
    if (std::memcmp(&bytes[at], &stamp_ns, sizeof stamp_ns) == 0) poke(file, at, forged);
  }
}

TEST_F(Profile, LeavesOutStampsThatCannotBe) {
  Pipe ready;
  const Child child([&]() -> std::string {
    auto writer = probe::ProbeWriter::create({.domain = domain()}).value();
    auto reader = probe::ProbeReader::attach({.domain = domain()}).value();
    std::filesystem::path file;
    for (const std::string& name : directory_.files()) {
      if (name.ends_with('_' + std::to_string(::getpid()))) file = directory_.path() / name;
    }
    for (std::uint64_t n = 0;; ++n) {
      writer.write({});
      // Only every second stamp is forged, so that intervals and delays mix true and false ones.
      if (n % 2 == 0) {
        forge_stamp(file, reader.read()->stamp_ns, n % 4 == 0 ? 1 : ~std::uint64_t{0});
      }
      if (n == 8) ready.write("+");
      ::usleep(1'000);
    }
  });
  static_cast<void>(ready.await_byte());
  const ToolAnswer answer = profile("probe", "json");
  ASSERT_EQ(answer.code, 0) << answer.err;
  const auto document = nlohmann::json::parse(answer.out);
  for (const char* times : {"intervals", "delays"}) {
    if (document[times]["count"] == 0) continue;
    EXPECT_LT(document[times]["max_ns"], 60'000'000'000) << times << ' ' << answer.out;
  }
}

TEST_F(Profile, WithoutStampsItGoesByWhatItSaw) {
  const auto child = publisher<probe::CounterWriter, probe::Counter>();
  const ToolAnswer answer = profile("counter", "table");
  ASSERT_EQ(answer.code, 0) << answer.err;
  EXPECT_NE(answer.out.find("It has no stamps"), std::string::npos) << answer.out;
  EXPECT_TRUE(answer.out.starts_with("counter, state: ")) << answer.out;
}

TEST_F(Profile, RefusesWhereNothingIsPublished) {
  auto writer = probe::ProbeWriter::create({.domain = domain()}).value();
  writer.write({});
  const ToolAnswer silent = run({"profile", "probe", "--duration", "20ms"});
  EXPECT_EQ(silent.code, 1);
  EXPECT_EQ(silent.out, "");
  EXPECT_EQ(silent.err,
            "evo-shm: segment 'probe' published nothing in 20 ms; if it publishes less often, "
            "measure longer with --duration\n");
  leave_orphan(domain(), raw_channel("orphan", 8), 1);
  const ToolAnswer dead = run({"profile", "orphan"});
  EXPECT_EQ(dead.code, 1);
  EXPECT_EQ(dead.err,
            "evo-shm: nothing is published: the writer of segment 'orphan' is dead; start it and "
            "run this again\n");
  EXPECT_EQ(run({"profile", "prob"}).code, 3);
}

}  // namespace
}  // namespace evo::test
