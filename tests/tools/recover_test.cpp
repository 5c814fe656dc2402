// SPDX-License-Identifier: Apache-2.0
/// evo-shm recover: what is wrong, how it is repaired, and what is left alone.
#include <gantry.evo.hpp>

#include "evo/segment_info.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using gantry::GantryReader;
using gantry::GantryWriter;

class Recover : public ToolTest {
 protected:
  GantryWriter written() {
    auto writer = GantryWriter::create({.domain = domain()}).value();
    writer.write({.cycle = 7, .offset = -3});
    return writer;
  }
  /// The age of the value relative to its period depends on how fast the test runs.
  [[nodiscard]] std::string ageless(const std::string& text) const {
    const std::string line = std::regex_replace(
        steady(text), std::regex("freshness +(ok|warning) .*"), "freshness  AGE");
    return std::regex_replace(
        line, std::regex(R"("freshness",\s*"result": "[a-z]*",\s*"finding": "[^"]*")"),
        R"("freshness": "AGE")");
  }
  void leave_dead() {
    in_child([&]() -> std::string {
      const auto writer = written();
      die();
    });
  }
};

TEST_F(Recover, ASoundSegmentIsLeftAlone) {
  auto writer = written();
  const ToolAnswer answer = run({"recover", "gantry"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  expect_golden("recover_sound.txt", ageless(answer.out));
  EXPECT_TRUE(writer.write({.cycle = 8}));
}

TEST_F(Recover, ADeadWritersSegmentIsRemoved) {
  leave_dead();
  const auto files = directory_.files();
  const ToolAnswer plan = run({"recover", "gantry", "--dry-run"});
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_EQ(directory_.files(), files) << "a dry run changes nothing";
  expect_golden("recover_dead.txt", ageless(plan.out));
  const ToolAnswer answer = run({"recover", "gantry", "--format", "json"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  expect_golden("recover_dead.json", ageless(answer.out));
  EXPECT_TRUE(directory_.files().empty());
  EXPECT_EQ(run({"recover", "gantry"}).code, 3);
}

TEST_F(Recover, ALiveWriterIsFencedOffOnlyIfForced) {
  auto writer = written();
  auto reader = GantryReader::attach({.domain = domain()}).value();
  // Outside its range, so that there is something to recover from.
  gantry::Gantry value{};
  value.axes[0].position = 501;
  writer.write(value);
  const ToolAnswer refused = run({"recover", "gantry"});
  EXPECT_EQ(refused.code, 6);
  EXPECT_NE(refused.err.find("pid " + std::to_string(::getpid())), std::string::npos)
      << refused.err;
  EXPECT_TRUE(writer.write(value)) << "nothing was changed";
  const ToolAnswer forced = run({"recover", "gantry", "--force"});
  EXPECT_EQ(forced.code, 0) << forced.err;
  EXPECT_NE(forced.out.find("fence off pid"), std::string::npos) << forced.out;
  EXPECT_EQ(outcome(writer.write(value)), "Fenced");
  EXPECT_EQ(outcome(reader.read()), "Detached");
  auto successor = written();
  EXPECT_EQ(outcome(reader.reattach()), "ok");
  EXPECT_EQ(reader.read().value().value.cycle, 7U);
}

TEST_F(Recover, AStoppedWriterIsFencedOffToo) {
  const Pipe ready;
  Child writer([&]() -> std::string {
    auto mine = written();
    ready.write("x");
    ::raise(SIGSTOP);
    return outcome(mine.write({}));
  });
  ASSERT_TRUE(ready.await_byte());
  int status = 0;
  ASSERT_EQ(::waitpid(writer.pid(), &status, WUNTRACED), writer.pid());
  ASSERT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(run({"recover", "gantry", "--force"}).code, 0);
  const auto successor = written();
  ::kill(writer.pid(), SIGCONT);
  EXPECT_EQ(writer.join().text, "Fenced");
  EXPECT_EQ(inspect_segment(domain(), "gantry").value().condition, SegmentCondition::Sound);
}

TEST_F(Recover, WhatAnEarlierBootLeftIsRemoved) {
  leave_dead();
  poke(directory_.path() / "evo_gantry.ctl", 16, std::uint64_t{0x1234});
  const ToolAnswer answer = run({"recover", "gantry"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_NE(answer.out.find("left over from a previous boot"), std::string::npos) << answer.out;
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Recover, ADamagedControlFileGoesAndThenWhatItNamed) {
  leave_dead();
  poke(directory_.path() / "evo_gantry.ctl", 0, std::uint64_t{0});
  const ToolAnswer answer = run({"recover", "gantry"});
  EXPECT_EQ(answer.code, 0) << answer.out << answer.err;
  ASSERT_EQ(directory_.files().size(), 1U);
  const std::string left = directory_.files().front();
  const ToolAnswer again = run({"recover", left});
  EXPECT_EQ(again.code, 0) << again.out << again.err;
  EXPECT_NE(again.out.find("unclaimed"), std::string::npos) << again.out;
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Recover, ADamagedControlFileThatIsLockedIsLeftAlone) {
  const auto writer = written();
  poke(directory_.path() / "evo_gantry.ctl", 0, std::uint64_t{0});
  EXPECT_EQ(run({"recover", "gantry"}).code, 6);
  EXPECT_EQ(directory_.files().size(), 3U);
}

TEST_F(Recover, LinksAreNotFollowed) {
  const auto target = directory_.path() / "precious";
  std::ofstream(target) << "x";
  std::filesystem::create_symlink(target, directory_.path() / "evo_gantry.ctl");
  const ToolAnswer answer = run({"recover", "gantry"});
  EXPECT_EQ(answer.code, 1) << answer.out << answer.err;
  EXPECT_NE(answer.err.find("by hand"), std::string::npos) << answer.err;
  EXPECT_TRUE(std::filesystem::exists(target));
  EXPECT_TRUE(std::filesystem::is_symlink(directory_.path() / "evo_gantry.ctl"));
}

TEST_F(Recover, AnUnclaimedFileOfALiveProcessIsLeftAlone) {
  const auto writer = written();
  std::filesystem::remove(directory_.path() / "evo_gantry.ctl");
  const std::string file = directory_.data_file().filename();
  EXPECT_EQ(run({"recover", file}).code, 6);
  EXPECT_EQ(run({"recover", file, "--force"}).code, 0);
}

}  // namespace
}  // namespace evo::test
