// SPDX-License-Identifier: Apache-2.0
/// evo-shm snapshot: from a domain into a file, and back.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <alarm.evo.hpp>
#include <filesystem>
#include <fstream>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>

#include "evo/format.hpp"
#include "evo/raw_stream_writer.hpp"
#include "evo/segment_info.hpp"
#include "repair/snapshot_file.hpp"
#include "segments.hpp"
#include "snapshot_fixture.hpp"

namespace evo::test {
namespace {

using gantry::Gantry;
using gantry::GantryReader;
using gantry::GantryWriter;

TEST_F(Snapshot, KeepsAStateWithItsProperties) {
  SegmentLayout layout;
  {
    auto writer = GantryWriter::create({.domain = domain()}).value();
    writer.write({.cycle = 7, .offset = -3});
    layout = inspect_segment(domain(), "gantry").value().layout;
    const ToolAnswer saved = run({"snapshot", "save", file()});
    EXPECT_EQ(saved.code, 0) << saved.err;
    EXPECT_EQ(saved.out, "saved gantry: 1 value\n");
    struct stat status {};
    ASSERT_EQ(::stat(file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
  }
  EXPECT_EQ(directory_.files(), std::vector<std::string>{"saved.json"});
  const ToolAnswer loaded = run({"snapshot", "load", file()});
  EXPECT_EQ(loaded.code, 0) << loaded.err;
  EXPECT_EQ(loaded.out, "loaded gantry: 1 value\n");
  auto info = inspect_segment(domain(), "gantry").value();
  EXPECT_EQ(info.writer_state, WriterState::Dead);
  info.layout.created_realtime_ns = layout.created_realtime_ns;
  info.layout.generation = layout.generation;
  EXPECT_EQ(info.layout, layout);
  auto writer = GantryWriter::create({.domain = domain()}).value();
  EXPECT_EQ(writer.current_version(), 2U) << "taken over";
  const Gantry value = GantryReader::attach({.domain = domain()}).value().read().value().value;
  EXPECT_EQ(value.cycle, 7U);
  EXPECT_EQ(value.offset, -3);
}

TEST_F(Snapshot, KeepsWhatIsInTheRingOfAStream) {
  {
    auto writer = AlarmWriter::create({.domain = domain()}).value();
    for (std::uint32_t code = 1; code <= 6; ++code) writer.push({.code = code});
    EXPECT_EQ(run({"snapshot", "save", file(), "alarm"}).out, "saved alarm: 4 values\n");
  }
  ASSERT_EQ(run({"snapshot", "load", file()}).code, 0);
  auto reader = AlarmReader::attach({.domain = domain()}).value();
  reader.seek_oldest();
  std::vector<std::uint32_t> codes;
  while (auto item = reader.next()) codes.push_back(item->value.code);
  EXPECT_EQ(codes, (std::vector<std::uint32_t>{3, 4, 5, 6}));
}

TEST_F(Snapshot, ALiveWriterIsLeftAlone) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 7});
  ASSERT_EQ(run({"snapshot", "save", file()}).code, 0);
  writer.write({.cycle = 8});
  const ToolAnswer answer = run({"snapshot", "load", file()});
  EXPECT_EQ(answer.code, 6);
  EXPECT_NE(answer.err.find("pid " + std::to_string(::getpid())), std::string::npos) << answer.err;
  EXPECT_TRUE(writer.write({.cycle = 9}));
}

TEST_F(Snapshot, ASegmentThatIsNamedTwiceIsTakenOnce) {
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  EXPECT_EQ(run({"snapshot", "save", file(), "probe", "probe"}).out, "saved probe: 1 value\n");
  EXPECT_EQ(saved_names(), std::vector<std::string>{"probe"});
  EXPECT_EQ(run({"snapshot", "load", file(), "probe", "probe"}).out, "loaded probe: 1 value\n");
}

TEST_F(Snapshot, ADamagedSchemaSpoilsItsSegmentOnly) {
  const auto sound = GantryWriter::create({.domain = domain()}).value();
  ChannelDescription channel = raw_channel("damaged", 8);
  channel.bfbs =
      std::span<const std::uint8_t>(reinterpret_cast<const std::uint8_t*>("not a schema text"), 17);
  leave_orphan(domain(), channel, 1);
  const ToolAnswer saved = run({"snapshot", "save", file()});
  EXPECT_EQ(saved.code, 1);
  EXPECT_NE(saved.err.find("left out: "), std::string::npos) << saved.err;
  EXPECT_EQ(saved_names(), std::vector<std::string>{"gantry"});
  EXPECT_TRUE(tools::SnapshotFile::open(file()).has_value());
  EXPECT_NE(run({"snapshot", "save", file(), "damaged"}).code, 0);
  EXPECT_EQ(saved_names(), std::vector<std::string>{"gantry"});
}

TEST_F(Snapshot, WhatIsSavedCanBeLoadedWhateverHappensToItsWriters) {
  const Child changing([&]() -> std::string {
    for (bool remove = false;; remove = !remove) {
      // Taken over in place, or removed and created again.
      leave_orphan(domain(), raw_channel("probe", 8), 1);
      if (remove) static_cast<void>(run({"recover", "probe", "--force"}));
    }
  });
  int saved = 0;
  for (int i = 0; i < 100; ++i) {
    std::filesystem::remove(file());
    const ToolAnswer answer = run({"snapshot", "save", file()});
    if (answer.code != 0) continue;
    ++saved;
    const auto loadable = tools::SnapshotFile::open(file());
    EXPECT_TRUE(loadable) << loadable.error().message;
  }
  EXPECT_GT(saved, 0);
}

TEST_F(Snapshot, AFileThatCannotBeWrittenStaysAsItWas) {
  write_gantry();
  const auto before = lines();
  const auto writer = GantryWriter::create({.domain = domain()}).value();
  EXPECT_NE(run({"snapshot", "save", (directory_.path() / "none/saved.json").string()}).code, 0);
  EXPECT_NE(run({"snapshot", "save", file(), "missing"}).code, 0);
  EXPECT_EQ(lines(), before);
}

TEST_F(Snapshot, OnlyWhatWasAskedForIsLoaded) {
  write_gantry();
  EXPECT_EQ(run({"snapshot", "load", file(), "missing"}).code, 3);
  EXPECT_EQ(run({"snapshot", "load", file(), "gantry"}).code, 0);
}

TEST_F(Snapshot, MoreThanAProcessMayHoldAreLoaded) {
  constexpr int kSegments = 20;
  for (int i = 0; i < kSegments; ++i) {
    leave_orphan(domain(), raw_channel(fmt::format("probe{}", i), 8), 1);
  }
  ASSERT_EQ(run({"snapshot", "save", file()}).code, 0);
  remove_segments();
  const ToolAnswer loaded =
      run_with("EVO_MAX_SEGMENTS_PER_PROCESS=1", {"snapshot", "load", file()});
  EXPECT_EQ(loaded.code, 0) << loaded.err;
  const auto segments = list_segments(domain()).value();
  ASSERT_EQ(segments.size(), std::size_t{kSegments});
  for (const SegmentInfo& info : segments) {
    EXPECT_EQ(info.writer_state, WriterState::Dead) << info.name;
    EXPECT_EQ(info.sequence, 1U) << info.name;
  }
}

TEST_F(Snapshot, ALoadThatStopsSaysWhatIsLoadedAndWhatIsNot) {
  for (const char* name : {"one", "three", "two"}) {
    leave_orphan(domain(), raw_channel(name, 8), 1);
  }
  ASSERT_EQ(run({"snapshot", "save", file()}).code, 0);
  remove_segments();
  ToolAnswer answer = run_with("EVO_MAX_SEGMENTS_PER_DOMAIN=1", {"snapshot", "load", file()});
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.out, "loaded one: 1 value\n");
  EXPECT_NE(answer.err.find("EVO_MAX_SEGMENTS_PER_DOMAIN"), std::string::npos) << answer.err;
  EXPECT_NE(answer.err.find("loaded: one; not loaded: three, two"), std::string::npos)
      << answer.err;
  remove_segments();
  answer =
      run_with("EVO_MAX_SEGMENTS_PER_DOMAIN=1", {"--format", "json", "snapshot", "load", file()});
  EXPECT_EQ(answer.code, 1);
  const auto list = nlohmann::ordered_json::parse(answer.out);
  ASSERT_EQ(list.size(), 3U) << answer.out;
  EXPECT_EQ(list[0]["values"], 1);
  EXPECT_TRUE(list[1].contains("left_out"));
  EXPECT_TRUE(list[2].contains("left_out"));
}

TEST_F(Snapshot, ALinkIsFollowedAndStays) {
  const auto writer = GantryWriter::create({.domain = domain()}).value();
  const auto link = directory_.path() / "link.json";
  std::filesystem::create_symlink("second.json", link);
  std::filesystem::create_symlink("saved.json", directory_.path() / "second.json");
  for (const char* state : {"dangling", "leading to a file"}) {
    EXPECT_EQ(run({"snapshot", "save", link.string()}).code, 0) << state;
    EXPECT_TRUE(std::filesystem::is_symlink(link)) << state;
    EXPECT_TRUE(std::filesystem::is_symlink(directory_.path() / "second.json")) << state;
    EXPECT_EQ(saved_names(), std::vector<std::string>{"gantry"}) << state;
  }
}

TEST_F(Snapshot, WhatIsNoRegularFileIsWrittenInPlace) {
  const auto writer = GantryWriter::create({.domain = domain()}).value();
  const std::string queue = (directory_.path() / "queue").string();
  ASSERT_EQ(::mkfifo(queue.c_str(), 0600), 0);
  // Opened first, so that no process waits; the saved text fits into a pipe.
  const int reading = ::open(queue.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reading, 0);
  EXPECT_EQ(run({"snapshot", "save", queue}).code, 0);
  EXPECT_TRUE(std::filesystem::is_fifo(queue));
  std::string text(65536, '\0');
  const ssize_t count = ::read(reading, text.data(), text.size());
  ::close(reading);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  EXPECT_TRUE(is_snapshot(text)) << text;
  // A directory is neither a file nor a pipe.
  EXPECT_NE(run({"snapshot", "save", directory_.path().string()}).code, 0);
}

TEST_F(Snapshot, ADashIsStandardOutputAndInput) {
  write_gantry();
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  // A link like /dev/stdout, but one that a defect could replace without harm to other programs.
  const std::string link = (directory_.path() / "stdout").string();
  std::filesystem::create_symlink("/proc/self/fd/1", link);
  for (const std::string& name : {std::string("-"), link}) {
    const ToolAnswer saved = run({"snapshot", "save", name});
    EXPECT_EQ(saved.code, 0) << saved.err;
    EXPECT_TRUE(is_snapshot(saved.out)) << name << ": " << saved.out;
  }
  EXPECT_FALSE(std::filesystem::exists("-"));
  const std::string command =
      fmt::format("'{}' --domain '{}' snapshot ", EVO_SHM, directory_.path().string());
  const ToolAnswer both =
      run_program("/bin/sh", {"-c", command + "save - | " + command + "load -"});
  EXPECT_EQ(both.code, 0) << both.err;
  EXPECT_EQ(both.out, "loaded probe: 1 value\n");
}

TEST_F(Snapshot, NothingToSaveIsAnErrorAndKeepsTheFile) {
  write_gantry();
  const auto before = lines();
  const ToolAnswer empty = run({"snapshot", "save", file()});
  EXPECT_EQ(empty.code, 3) << empty.err;
  EXPECT_EQ(empty.out, "");
  EXPECT_NE(empty.err.find("nothing was saved"), std::string::npos) << empty.err;
  const std::string none = (directory_.path() / "none").string();
  const ToolAnswer gone = run_program(EVO_SHM, {"--domain", none, "snapshot", "save", file()});
  EXPECT_EQ(gone.code, 3) << gone.err;
  EXPECT_EQ(lines(), before);
}

TEST_F(Snapshot, WhatIsLeftOutIsToldAndNoSuccess) {
  leave_orphan(domain(), raw_channel("damaged", 8), 1);
  std::ofstream(directory_.data_file(), std::ios::binary) << "nothing";
  {
    const auto writer = GantryWriter::create({.domain = domain()}).value();
    const ToolAnswer part = run({"--format", "json", "snapshot", "save", file()});
    EXPECT_EQ(part.code, 1) << part.err;
    const auto list = nlohmann::ordered_json::parse(part.out);
    ASSERT_EQ(list.size(), 2U) << part.out;
    EXPECT_EQ(list[0]["segment"], "gantry");
    EXPECT_EQ(list[1]["segment"], "damaged");
    EXPECT_TRUE(list[1].contains("left_out"));
    EXPECT_EQ(saved_names(), std::vector<std::string>{"gantry"});
  }
  const auto before = lines();
  const ToolAnswer all = run({"snapshot", "save", file()});
  EXPECT_EQ(all.code, 1) << all.err;
  EXPECT_NE(all.err.find("nothing was saved"), std::string::npos) << all.err;
  EXPECT_EQ(lines(), before);
}

TEST_F(Snapshot, AMissingFileIsNotFound) {
  const ToolAnswer answer = run({"snapshot", "load", file()});
  EXPECT_EQ(answer.code, 3);
  EXPECT_NE(answer.err.find("no such file; "), std::string::npos) << answer.err;
  EXPECT_EQ(answer.err.find("domain's directory"), std::string::npos) << answer.err;
  EXPECT_EQ(run({"snapshot", "load", directory_.path().string()}).code, 1) << "a directory";
}

TEST_F(Snapshot, AnotherKindOrLayoutIsReplacedOnlyIfForced) {
  ChannelDescription stream = raw_channel("probe", 8);
  stream.kind = Kind::Stream;
  {
    auto writer = RawStreamWriter::create(stream, {.domain = domain()}).value();
    writer.push(bytes_of(std::uint64_t{3}));
    ASSERT_EQ(run({"snapshot", "save", file()}).code, 0);
  }
  leave_orphan(domain(), raw_channel("probe", 16), 2);
  const ToolAnswer refused = run({"snapshot", "load", file()});
  EXPECT_EQ(refused.code, 4) << refused.err;
  EXPECT_NE(refused.err.find("kind"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("16"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("--force"), std::string::npos) << refused.err;
  EXPECT_EQ(inspect_segment(domain(), "probe").value().sequence, 2U) << "unchanged";
  EXPECT_EQ(run({"snapshot", "load", file(), "--force"}).code, 0);
  EXPECT_EQ(inspect_segment(domain(), "probe").value().layout.kind, Kind::Stream);
  EXPECT_EQ(run({"snapshot", "load", file()}).code, 0) << "loading it again";
}

TEST_F(Snapshot, RootMakesNoFilesInTheDomainOfAnother) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can write to the domain of another user";
  constexpr uid_t kOther = 65533;
  write_gantry();
  const auto before = directory_.files();
  ASSERT_EQ(::chown(directory_.path().c_str(), kOther, kOther), 0);
  const ToolAnswer refused = run({"snapshot", "load", file()});
  EXPECT_EQ(refused.code, 5) << refused.err;
  EXPECT_NE(refused.err.find("user 65533"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("setpriv --reuid=65533"), std::string::npos) << refused.err;
  EXPECT_EQ(directory_.files(), before);
  // In a shared directory, the user who created the segment counts.
  ASSERT_EQ(::chown(directory_.path().c_str(), 0, 0), 0);
  ASSERT_EQ(run({"snapshot", "load", file()}).code, 0);
  for (const std::string& name : directory_.files()) {
    if (name.starts_with("evo_")) {
      ASSERT_EQ(::chown((directory_.path() / name).c_str(), kOther, kOther), 0);
    }
  }
  EXPECT_EQ(run({"snapshot", "load", file()}).code, 5);
}

}  // namespace
}  // namespace evo::test
