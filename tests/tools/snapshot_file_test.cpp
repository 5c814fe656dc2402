// SPDX-License-Identifier: Apache-2.0
/// The file of evo-shm snapshot: its format, and how a load finds damage.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>
#include <regex>

#include "evo/format.hpp"
#include "evo/segment_info.hpp"
#include "repair/snapshot_file.hpp"
#include "sanitizers.hpp"
#include "snapshot_fixture.hpp"

namespace evo::test {
namespace {

using gantry::GantryWriter;

TEST_F(Snapshot, TheFileIsOneLineForEachThing) {
  write_gantry();
  const auto saved = lines();
  ASSERT_EQ(saved.size(), 5U);
  EXPECT_EQ(saved[0], "{\"evo_snapshot\":2}");
  EXPECT_EQ(nlohmann::json::parse(saved[1])["name"], "gantry");
  EXPECT_EQ(nlohmann::json::parse(saved[2])["sequence"], 1);
  EXPECT_EQ(nlohmann::json::parse(saved[3])["values"], 1);
  EXPECT_EQ(saved[4], "{\"segments\":1}");
}

TEST_F(Snapshot, EveryDamagedMemberIsFound) {
  write_gantry();
  const auto sound = lines();
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const auto object = nlohmann::ordered_json::parse(sound[i]);
    const auto expect_found = [&](const nlohmann::ordered_json& changed, const std::string& what) {
      auto damaged = sound;
      damaged[i] = changed.dump();
      write_lines(damaged);
      EXPECT_NE(fail_to_load().code, 0) << what;
    };
    for (const auto& [key, value] : object.items()) {
      auto changed = object;
      changed.erase(key);
      expect_found(changed, "without " + key);
      for (const nlohmann::ordered_json& odd :
           {nlohmann::ordered_json(), nlohmann::ordered_json(-1), nlohmann::ordered_json("?"),
            nlohmann::ordered_json(UINT64_MAX), nlohmann::ordered_json{{"a", 1}}}) {
        changed = object;
        changed[key] = odd;
        expect_found(changed, key + " " + odd.dump());
      }
    }
  }
  auto changed = sound;
  changed[1] = std::regex_replace(changed[1], std::regex("\"slots\":4"), "\"slots\":5");
  write_lines(changed);
  expect_damaged("segment 'gantry' differs from what was saved");
}

TEST_F(Snapshot, AnotherFormatIsAMismatch) {
  write_gantry();
  auto changed = lines();
  changed[0] = "{\"evo_snapshot\":3}";
  write_lines(changed);
  EXPECT_EQ(fail_to_load().code, 4);
  std::ofstream(file()) << "{\n \"evo_snapshot\": 1,\n \"segments\": []\n}\n";
  const ToolAnswer former = fail_to_load();
  EXPECT_EQ(former.code, 4) << former.err;
  EXPECT_NE(former.err.find("format 1"), std::string::npos) << former.err;
}

TEST_F(Snapshot, ATruncatedFileIsFoundAtEachLength) {
  write_gantry();
  const auto sound = lines();
  for (std::size_t kept = 0; kept < sound.size(); ++kept) {
    write_lines({sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(kept)});
    expect_damaged("its end is missing");
    std::ofstream(file(), std::ios::app) << sound[kept].substr(0, sound[kept].size() / 2);
    expect_damaged("does not end in a newline");
  }
  auto without_segment = sound;
  without_segment.erase(without_segment.begin() + 1, without_segment.begin() + 4);
  write_lines(without_segment);
  expect_damaged("it has 0 of 1 segments");
  auto longer = sound;
  longer.push_back(sound[0]);
  write_lines(longer);
  expect_damaged("there is data after its last line");
}

TEST_F(Snapshot, ASegmentThatIsThereTwiceIsRefused) {
  write_gantry();
  auto twice = lines();
  const std::vector<std::string> segment(twice.begin() + 1, twice.begin() + 4);
  twice.insert(twice.begin() + 1, segment.begin(), segment.end());
  twice.back() = "{\"segments\":2}";
  write_lines(twice);
  expect_damaged("segment 'gantry' is in it twice");
}

TEST_F(Snapshot, MoreValuesThanTheSegmentTakesAreRefused) {
  write_gantry();
  auto changed = lines();
  const std::string value = changed[2];
  changed.insert(changed.begin() + 2, value);
  write_lines(changed);
  expect_damaged("has room for 1 values");
}

/// Memory that a load may use, in KiB: far more than it needs, far less than the size of the files.
constexpr int kMemory = 400'000;

TEST_F(Snapshot, WhatIsNoSnapshotEndsEarlyWithLittleMemory) {
  if (is_sanitized()) GTEST_SKIP() << "sanitizers need more address space than the limit allows";
  const auto load = [&](const std::string& from) {
    return run_program("/bin/sh",
                       {"-c", fmt::format("ulimit -v {}; {} '{}' --domain '{}' snapshot "
                                          "load -",
                                          kMemory, from, EVO_SHM, directory_.path().string())});
  };
  write_gantry();
  const auto sound = lines();
  std::ofstream(file()).close();
  std::filesystem::resize_file(file(), std::uintmax_t{8} << 30);
  expect_damaged("line 1 is not text");
  const auto expect_refused = [&](const std::string& from, const std::string& reason) {
    const ToolAnswer answer = load(from);
    EXPECT_EQ(answer.code, 1) << from << ": " << answer.err;
    EXPECT_NE(answer.err.find(reason), std::string::npos) << from << ": " << answer.err;
  };
  expect_refused("< /dev/zero", "line 1 is not text");
  expect_refused("cat /dev/zero |", "line 1 is not text");
  expect_refused("yes |", "does not contain 'evo_snapshot'");
  expect_refused("yes | tr -d '\\n' |", "line 1 is too long");
  // First a header line followed by a line that does not end, then also a segment's line followed
  // by a value that does not end.
  const std::string begin = (directory_.path() / "begin").string();
  std::ofstream(begin) << sound[0] << '\n';
  expect_refused(fmt::format("{{ cat '{}'; yes | tr -d '\\n'; }} |", begin), "line 2 is too long");
  std::ofstream(begin, std::ios::app) << sound[1] << '\n';
  expect_refused(fmt::format("{{ cat '{}'; yes | tr -d '\\n'; }} |", begin), "line 3 is too long");
  std::string keys = "{";
  for (int i = 0; i < 80'000; ++i) keys += fmt::format("\"k{}\":1,", i);
  write_lines({sound[0], keys + "\"name\":\"gantry\"}"});
  expect_refused(fmt::format("< '{}'", file()), "line 2: 'module'");
}

TEST_F(Snapshot, AFileThatChangesAfterItsCheckLoadsNothing) {
  write_gantry();
  auto opened = tools::SnapshotFile::open(file()).value();
  auto changed = lines();
  const std::size_t letter = changed[2].size() - 10;
  changed[2][letter] = changed[2][letter] == 'A' ? 'B' : 'A';
  write_lines(changed);
  const auto loaded = opened.load(opened.entries()[0], domain());
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("changed"), std::string::npos) << loaded.error().message;
  EXPECT_FALSE(inspect_segment(domain(), "gantry")) << "no half-loaded segment stays";
}

TEST_F(Snapshot, AnotherWholeSnapshotInItsPlaceIsAChange) {
  write_gantry();
  auto opened = tools::SnapshotFile::open(file()).value();
  const std::string other = (directory_.path() / "other.json").string();
  {
    auto writer = GantryWriter::create({.domain = domain()}).value();
    writer.write({.cycle = 8, .offset = -3});
    EXPECT_EQ(run({"snapshot", "save", other}).code, 0);
  }
  write_lines(lines_in(other));
  const auto loaded = opened.load(opened.entries()[0], domain());
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("changed"), std::string::npos) << loaded.error().message;
  EXPECT_FALSE(inspect_segment(domain(), "gantry"));
}

}  // namespace
}  // namespace evo::test
