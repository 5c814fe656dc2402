// SPDX-License-Identifier: Apache-2.0
/// evo-shm set: values of segments that have no live writer.
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>

#include <alarm.evo.hpp>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>

#include "evo/segment_info.hpp"
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using gantry::Gantry;
using gantry::GantryReader;
using gantry::GantryWriter;

class Set : public ToolTest {
 protected:
  GantryWriter written() {
    auto writer = GantryWriter::create({.domain = domain()}).value();
    writer.write({.cycle = 7, .offset = -3});
    return writer;
  }
  void leave_dead() {
    in_child([&]() -> std::string {
      const auto writer = written();
      die();
    });
  }
  [[nodiscard]] Gantry value() const {
    return GantryReader::attach({.domain = domain()}).value().read().value().value;
  }
};

TEST_F(Set, ChangesWhatItNamesAndKeepsTheRest) {
  leave_dead();
  auto reader = GantryReader::attach({.domain = domain()}).value();
  const ToolAnswer answer = run({"set", "gantry", "offset=4", "axes[1].state=Moving"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_EQ(answer.out, "gantry.offset: -3 -> 4\ngantry.axes[1].state: Idle -> Moving\n");
  EXPECT_EQ(reader.read().value().value.offset, 4) << "in place";
  EXPECT_EQ(reader.read().value().value.cycle, 7U);
  EXPECT_EQ(to_string(reader.writer_state()), "Dead");
}

TEST_F(Set, ItsModuleTakesTheValueOver) {
  leave_dead();
  EXPECT_EQ(run({"set", "gantry", "offset=4"}).code, 0);
  auto writer = GantryWriter::create({.domain = domain()}).value();
  EXPECT_EQ(writer.current_version(), 4U);
  writer.update([](Gantry& gantry) { ++gantry.cycle; });
  EXPECT_EQ(value().offset, 4);
  EXPECT_EQ(value().cycle, 8U);
}

TEST_F(Set, AllOrNothing) {
  leave_dead();
  EXPECT_EQ(run({"set", "gantry", "offset=4", "axis=1"}).code, 3);
  EXPECT_EQ(run({"set", "gantry", "offset=4", "cycle=many"}).code, 2);
  EXPECT_EQ(run({"set", "gantry", "offset=4", "cycle"}).code, 2);
  EXPECT_EQ(run({"set", "gantry", "axes=4"}).code, 2);
  const ToolAnswer range = run({"set", "gantry", "offset=4", "axes[0].position=500.5"});
  EXPECT_EQ(range.code, 1);
  EXPECT_NE(range.err.find("outside -500 to 500"), std::string::npos) << range.err;
  EXPECT_EQ(value().offset, -3);
  EXPECT_EQ(run({"set", "gantry", "axes[0].position=500.5", "--out-of-range"}).code, 0);
  EXPECT_EQ(value().axes[0].position, 500.5);
}

TEST_F(Set, EachPermissionIsAskedForByItself) {
  const auto writer = written();
  EXPECT_EQ(run({"set", "gantry", "axis=1"}).code, 3)
      << "a mistake is reported before a busy segment";
  const ToolAnswer fenced = run({"set", "gantry", "axes[0].position=500.5", "--fence"});
  EXPECT_EQ(fenced.code, 1);
  EXPECT_NE(fenced.err.find("use --out-of-range"), std::string::npos) << fenced.err;
  EXPECT_EQ(run({"set", "gantry", "axes[0].position=500.5", "--out-of-range"}).code, 6);
  EXPECT_EQ(value().axes[0].position, 0) << "nothing was written";
  const ToolAnswer former = run({"set", "gantry", "offset=4", "--force"});
  EXPECT_EQ(former.code, 2);
  EXPECT_NE(former.err.find("--fence fences off a live writer"), std::string::npos) << former.err;
}

TEST_F(Set, ALiveWriterIsFencedOffOnlyIfForced) {
  auto writer = written();
  const ToolAnswer refused = run({"set", "gantry", "offset=4"});
  EXPECT_EQ(refused.code, 6);
  EXPECT_NE(refused.err.find("pid " + std::to_string(::getpid())), std::string::npos)
      << refused.err;
  EXPECT_TRUE(writer.write({.cycle = 8, .offset = -3}));
  const ToolAnswer forced = run({"set", "gantry", "offset=4", "--fence", "--format", "json"});
  EXPECT_EQ(forced.code, 0) << forced.err;
  expect_golden("set_forced.json", forced.out);
  EXPECT_EQ(outcome(writer.write({})), "Fenced");
  EXPECT_EQ(value().offset, 4);
  EXPECT_EQ(value().cycle, 8U) << "from the last value";
}

TEST_F(Set, ThePropertiesOfTheSegmentStay) {
  leave_dead();
  const auto before = inspect_segment(domain(), "gantry").value();
  ASSERT_EQ(run({"set", "gantry", "offset=4"}).code, 0);
  const auto after = inspect_segment(domain(), "gantry").value();
  EXPECT_EQ(after.layout, before.layout) << "it was taken over in place";
  EXPECT_EQ(after.sequence, before.sequence + 1);
}

TEST_F(Set, OfAStreamIsRefused) {
  const auto writer = AlarmWriter::create({.domain = domain()}).value();
  const ToolAnswer answer = run({"set", "alarm", "code=1", "--fence"});
  EXPECT_EQ(answer.code, 2);
  EXPECT_NE(answer.err.find("is a stream"), std::string::npos) << answer.err;
}

TEST_F(Set, OfAnUntypedOrMissingSegmentIsRefused) {
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  EXPECT_EQ(run({"set", "probe", "x=1"}).code, 1);
  EXPECT_EQ(run({"set", "prob", "x=1"}).code, 3);
}

TEST_F(Set, NothingIsFencedOffThatCannotBeMadeAnew) {
  auto writer = written();
  leave_orphan(domain(), raw_channel("probe", 8), 1);
  const std::string command = fmt::format("'{}' --domain '{}' set gantry offset=4 --fence", EVO_SHM,
                                          directory_.path().string());
  for (const char* limit :
       {"EVO_MAX_SEGMENTS_PER_DOMAIN=1", "EVO_MAX_SEGMENTS_PER_PROCESS=0",
        "EVO_MAX_MEMORY_PERCENT=0", "EVO_MAX_MEMORY_PERCENT=none", "ulimit -f 8;"}) {
    const ToolAnswer answer = run_program("/bin/sh", {"-c", std::string(limit) + ' ' + command});
    EXPECT_EQ(answer.code, std::string_view(limit).ends_with("none") ? 2 : 1) << limit;
    EXPECT_NE(answer.err.find("nothing was done"), std::string::npos)
        << limit << ": " << answer.err;
    EXPECT_TRUE(writer.write({.cycle = 8, .offset = -3})) << limit;
    EXPECT_EQ(value().offset, -3) << limit;
  }
  const ToolAnswer full =
      run_program("/bin/sh", {"-c", "EVO_MAX_SEGMENTS_PER_DOMAIN=2 " + command});
  EXPECT_EQ(full.code, 0) << "its own place becomes free: " << full.err;
}

TEST_F(Set, AFailureAfterTheFencingIsToldPlainly) {
  const auto writer = written();
  // A directory with this name makes the next create fail, and nothing else.
  std::filesystem::create_directories(directory_.path() / "evo_gantry.meta.new" / "full");
  const ToolAnswer answer = run({"set", "gantry", "offset=4", "--fence"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.err.find(fmt::format("pid {}", ::getpid())), std::string::npos) << answer.err;
  EXPECT_NE(answer.err.find("fenced off"), std::string::npos) << answer.err;
  EXPECT_NE(answer.err.find("are gone"), std::string::npos) << answer.err;
  EXPECT_NE(answer.err.find("restart 'gantry_control'"), std::string::npos) << answer.err;
  EXPECT_FALSE(inspect_segment(domain(), "gantry"));
}

TEST_F(Set, WhoIsRefusedLeavesTheWritersRecordAsItIs) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  constexpr gid_t kGroup = 65533;
  in_child([&]() -> std::string {
    ChannelDescription channel = evo::describe<gantry::GantryChannel>();
    channel.access = Access::Group;
    auto writer = RawStateWriter::create(channel, {.domain = domain()}).value();
    writer.write(bytes_of(Gantry{.cycle = 7}));
    die();
  });
  ::chmod(directory_.path().c_str(), 0755);
  for (const std::string& file : directory_.files()) {
    ASSERT_EQ(::chown((directory_.path() / file).c_str(), 0, kGroup), 0);
  }
  const auto before = inspect_segment(domain(), "gantry").value();
  const ChildResult child = in_child([&]() -> std::string {
    if (::setgroups(0, nullptr) != 0 || ::setgid(kGroup) != 0 || ::setuid(65534) != 0) {
      return "no other user";
    }
    const ToolAnswer answer = run({"set", "gantry", "offset=4"});
    return fmt::format("{} {}", answer.code, answer.err);
  });
  EXPECT_TRUE(child.text.starts_with("5 ")) << child.text;
  EXPECT_NE(child.text.find("nothing was done"), std::string::npos) << child.text;
  const auto after = inspect_segment(domain(), "gantry").value();
  EXPECT_EQ(after.writer_pid, before.writer_pid);
  EXPECT_EQ(after.incarnation, before.incarnation);
  EXPECT_EQ(after.writer_uid, before.writer_uid);
}

TEST_F(Set, RootMakesNoSegmentAnewThatIsAnothers) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can write files of another user";
  auto writer = written();
  ASSERT_EQ(::chown(directory_.path().c_str(), 65533, 65533), 0);
  for (const std::string& file : directory_.files()) {
    ASSERT_EQ(::chown((directory_.path() / file).c_str(), 65533, 65533), 0);
  }
  const ToolAnswer answer = run({"set", "gantry", "offset=4", "--fence"});
  EXPECT_EQ(answer.code, 5) << answer.err;
  EXPECT_NE(answer.err.find("setpriv --reuid=65533"), std::string::npos) << answer.err;
  EXPECT_TRUE(writer.write({.cycle = 8}));
}

TEST_F(Set, SaysWhatAFieldTakes) {
  leave_dead();
  const auto refused = [&](const char* assignment) {
    const ToolAnswer answer = run({"set", "gantry", assignment});
    EXPECT_EQ(answer.code, 2) << assignment;
    return answer.err;
  };
  EXPECT_EQ(refused("axes[1].state=Mooving"),
            "evo-shm: 'Mooving' is not a valid value for axes[1].state; did you mean 'Moving'?\n");
  EXPECT_EQ(
      refused("axes[1].state=7"),
      "evo-shm: '7' is not a valid value for axes[1].state; expected Unknown, Idle, Moving\n");
  EXPECT_EQ(refused("power=Drives|Vacum"),
            "evo-shm: 'Vacum' is not a valid value for power; did you mean 'Vacuum'?\n");
  EXPECT_EQ(refused("axes[0].velocity=1e50"),
            "evo-shm: '1e50' is not a valid value for axes[0].velocity; expected a number from "
            "-3.40282e+38 to 3.40282e+38\n");
  EXPECT_EQ(
      refused("axes[0].position=left"),
      "evo-shm: 'left' is not a valid value for axes[0].position; expected a number from -500 to "
      "500\n");
  EXPECT_EQ(
      refused("offset=1e50"),
      "evo-shm: '1e50' is not a valid value for offset; expected -2147483648 to 2147483647\n");
  EXPECT_EQ(refused("axes=4").find("InvalidSize"), std::string::npos);
}

}  // namespace
}  // namespace evo::test
