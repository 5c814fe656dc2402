// SPDX-License-Identifier: Apache-2.0
/// evo-shm doctor: each check with simulated computers, and all of them with this one.
#include <fmt/format.h>
#include <linux/membarrier.h>

#include <nlohmann/json.hpp>

#include "doctor/computer_checks.hpp"
#include "doctor/memory_groups.hpp"
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using namespace evo::tools;

std::string result_of(const Check& check) {
  return std::string(to_string(check.result));
}

constexpr std::uint64_t kMegabyte = 1U << 20;

TEST(Doctor, TheDirectoryMustNotBeOthersToWrite) {
  const auto check = [](Directory directory) {
    return result_of(check_directory("/dev/shm/cell", directory, 1000));
  };
  EXPECT_EQ(check({.exists = true, .mode = 0700, .owner = 1000, .writable = true}), "ok");
  EXPECT_EQ(check({.exists = true, .mode = 01777, .owner = 0, .writable = true}), "ok");
  EXPECT_EQ(check({.exists = true, .mode = 0777, .owner = 1000, .writable = true}), "wrong");
  EXPECT_EQ(check({.exists = true, .mode = 0770, .owner = 1000, .writable = true}), "wrong");
  EXPECT_EQ(check({.exists = true, .mode = 0755, .owner = 1001}), "warning");
  EXPECT_EQ(check({.exists = true, .mode = 0755, .owner = 0}), "warning");
  EXPECT_EQ(check({.writable = true}), "ok") << "the first create creates it";
  EXPECT_EQ(check({.writable = false}), "wrong");
}

TEST(Doctor, TheFileSystemIsTmpfsWithRoom) {
  EXPECT_EQ(result_of(check_file_system({.is_tmpfs = true})), "ok");
  EXPECT_EQ(result_of(check_file_system({.is_tmpfs = false})), "wrong");
  const auto space = [](std::uint64_t free) {
    return result_of(check_space({.size = 1000 * kMegabyte, .free = free * kMegabyte}));
  };
  EXPECT_EQ(space(500), "ok");
  EXPECT_EQ(space(50), "warning");
  EXPECT_EQ(space(5), "wrong");
  EXPECT_EQ(result_of(check_space({.size = 0})), "ok");
}

TEST(Doctor, TheFileSystemIsWritableWithInodes) {
  const Check check = check_file_system({.is_tmpfs = true, .read_only = true});
  EXPECT_EQ(result_of(check), "wrong");
  EXPECT_TRUE(contains(check.finding, "remount,rw")) << check.finding;
  const auto inodes = [](std::uint64_t free) {
    return result_of(check_inodes({.inodes = 1000, .free_inodes = free}));
  };
  EXPECT_EQ(inodes(100), "ok");
  EXPECT_EQ(inodes(99), "warning");
  EXPECT_EQ(inodes(9), "wrong");
  EXPECT_EQ(result_of(check_inodes({})), "ok") << "no limit";
}

TEST(Doctor, ControlGroupsLimitTheMemoryOfSegments) {
  EXPECT_EQ(result_of(check_memory_groups({})), "ok");
  const MemoryGroup wide{.path = "wide", .limit = 100 * kMegabyte, .used = 50 * kMegabyte};
  const MemoryGroup tight{.path = "tight", .limit = 100 * kMegabyte, .used = 91 * kMegabyte};
  EXPECT_EQ(result_of(check_memory_groups({wide})), "ok");
  const Check check = check_memory_groups({wide, tight});
  EXPECT_EQ(result_of(check), "warning");
  EXPECT_TRUE(check.finding.starts_with("'tight' may use 100 MiB, 9 MiB free")) << check.finding;
  MemoryGroup killed = wide;
  killed.kills = 2;
  const Check deaths = check_memory_groups({killed, wide});
  EXPECT_EQ(result_of(deaths), "warning");
  EXPECT_TRUE(contains(deaths.finding, "killed 2 of its processes")) << deaths.finding;
}

class ControlGroups : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) const {
    const auto path = directory_.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  [[nodiscard]] std::string found(const std::vector<std::string>& memberships) const {
    std::string text;
    for (const MemoryGroup& group : read_memory_groups(directory_.path(), memberships)) {
      text += fmt::format("{} {}/{} {}\n", group.path, group.used, group.limit, group.kills);
    }
    return text;
  }
  TemporaryDomain directory_;
};

TEST_F(ControlGroups, OfVersionTwoAndThoseAboveThem) {
  write("a/memory.max", "1000\n");
  write("a/memory.current", "10\n");
  write("a/memory.events", "low 0\nhigh 7\noom 3\noom_kill 2\n");
  write("a/b/memory.max", "max\n");
  write("a/b/c/memory.max", "500\n");
  write("a/b/c/memory.current", "5\n");
  EXPECT_EQ(found({"0::/a/b/c\n", "0::/a\n"}), "a/b/c 5/500 0\na 10/1000 2\n");
  EXPECT_EQ(found({"0::/\n"}), "");
  EXPECT_EQ(found({"", "nonsense"}), "");
}

TEST_F(ControlGroups, OfVersionOne) {
  write("memory/a/memory.limit_in_bytes", "1000\n");
  write("memory/a/memory.usage_in_bytes", "10\n");
  write("memory/a/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
  write("memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(found({"5:cpu,cpuacct:/x\n4:memory:/a\n0::/\n"}), "memory/a 10/1000 1\n");
}

TEST_F(ControlGroups, OfAContainerThatSeesThePathOfItsHost) {
  write("memory.max", "1000\n");
  write("memory.current", "10\n");
  EXPECT_EQ(found({"0::/system.slice/docker-1.scope\n"}), ". 10/1000 0\n");
}

TEST(Doctor, SystemdTmpfilesAgesTheDomain) {
  const auto check = [](const char* domain, const char* text) {
    return result_of(check_ageing(domain, {{"/usr/lib/tmpfiles.d/tmp.conf", text}}));
  };
  EXPECT_EQ(check("/tmp/cell", "q /tmp 1777 root root 10d\n"), "wrong");
  EXPECT_EQ(check("/tmp", "q /tmp 1777 root root 10d\n"), "wrong");
  EXPECT_EQ(check("/tmp/cell", "D! /tmp 1777 root root 10d\n"), "wrong");
  EXPECT_EQ(check("/tmp/cell", "# q /tmp 1777 root root 10d\n"), "ok");
  EXPECT_EQ(check("/tmp/cell", "D /tmp 1777 root root -\n"), "ok");
  EXPECT_EQ(check("/tmp/cell", "f /tmp 1777 root root 10d\n"), "ok")
      << "this line is not about directories";
  EXPECT_EQ(check("/tmpfiles/cell", "q /tmp 1777 root root 10d\n"), "ok");
  EXPECT_EQ(check("/dev/shm/cell", "q /tmp 1777 root root 10d\n"), "ok");
  EXPECT_EQ(check("/run/user/7/cell", "e /run/user/* - - - 1h\n"), "wrong");
  EXPECT_EQ(check("/tmp/cell", "q /tmp 1777 root root 10d\nx /tmp/cell\n"), "ok");
  EXPECT_EQ(check("/tmp/cell", "q /tmp 1777 root root 10d\nX /tmp\n"), "wrong")
      << "it does not protect what is below it";
  const Check told = check_ageing("/tmp/cell", {{"tmp.conf", "q /tmp 1777 root root 10d\n"}});
  EXPECT_TRUE(contains(told.finding, "'x /tmp/cell' in /etc/tmpfiles.d/evo.conf")) << told.finding;
  EXPECT_EQ(result_of(check_ageing("/tmp/cell", {})), "ok") << "no systemd";
}

TEST(Doctor, WhatIsLeftBehindIsTold) {
  SegmentInfo live;
  live.writer_state = WriterState::Alive;
  SegmentInfo dead = live;
  dead.writer_state = WriterState::Dead;
  SegmentInfo damaged;
  damaged.name = "bad";
  damaged.condition = SegmentCondition::Corrupt;
  EXPECT_EQ(result_of(check_segments({live})), "ok");
  EXPECT_EQ(result_of(check_segments({live, dead})), "warning");
  const Check check = check_segments({live, dead, damaged});
  EXPECT_EQ(result_of(check), "wrong");
  EXPECT_EQ(check.finding, "bad (corrupt); run evo-shm recover for each");
  SegmentInfo other;
  other.condition = SegmentCondition::Incompatible;
  const Check release = check_segments({live, dead, other});
  EXPECT_EQ(result_of(release), "wrong");
  EXPECT_TRUE(release.finding.starts_with("1 of 3 were created by another release"))
      << release.finding;
  const Check many = check_segments(std::vector(7, damaged));
  EXPECT_TRUE(contains(many.finding, "and 2 more")) << many.finding;
}

TEST(Doctor, AStampInTheFutureIsExplained) {
  SegmentInfo sound;
  SegmentInfo ahead;
  ahead.name = "restored";
  ahead.stamp_ahead = std::chrono::hours(24);
  EXPECT_EQ(result_of(check_stamps({})), "ok");
  EXPECT_EQ(result_of(check_stamps({sound})), "ok");
  const Check check = check_stamps({sound, ahead, ahead});
  EXPECT_EQ(result_of(check), "wrong");
  EXPECT_TRUE(check.finding.starts_with("restored and 1 more: ")) << check.finding;
  EXPECT_TRUE(contains(check.finding, "another CLOCK_MONOTONIC")) << check.finding;
  EXPECT_TRUE(contains(check.finding, "; restart the writer where its readers run"));
}

TEST(Doctor, LimitsAreHeldAgainstWhatIsThere) {
  EXPECT_EQ(result_of(check_memory_lock(std::nullopt, kMegabyte)), "ok");
  EXPECT_EQ(result_of(check_memory_lock(kMegabyte, kMegabyte)), "ok");
  EXPECT_EQ(result_of(check_memory_lock(kMegabyte - 1, kMegabyte)), "warning");
  EXPECT_EQ(result_of(check_open_files(1024, 100)), "ok");
  EXPECT_EQ(result_of(check_open_files(1024, 1000)), "warning");
  EXPECT_EQ(result_of(check_open_files(std::nullopt, 1000)), "ok");
  EXPECT_EQ(result_of(check_priority(0, false)), "warning");
  EXPECT_EQ(result_of(check_priority(80, false)), "ok");
  EXPECT_EQ(result_of(check_priority(0, true)), "ok");
}

TEST(Doctor, HugePagesNeedKernelAndMount) {
  const auto check = [](const char* enabled, const char* options) {
    return result_of(check_huge_pages(enabled, {.mount_options = options}));
  };
  EXPECT_EQ(check("always within_size advise [never] deny force\n", "rw,huge=advise"), "ok");
  EXPECT_EQ(check("always within_size advise [never] deny force\n", "rw"), "warning");
  EXPECT_EQ(check("always within_size advise [never] deny force\n", "rw,huge=never"), "warning");
  EXPECT_EQ(check("always within_size advise never deny [force]\n", "rw"), "ok");
  EXPECT_EQ(check("always within_size advise never [deny] force\n", "rw,huge=advise"), "warning");
  EXPECT_EQ(check("", "rw,huge=advise"), "warning");
}

TEST(Doctor, TheKernelAndItsClocks) {
  EXPECT_EQ(result_of(check_numa(1)), "ok");
  EXPECT_EQ(result_of(check_numa(2)), "warning");
  EXPECT_EQ(result_of(check_membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED)), "ok");
  EXPECT_EQ(result_of(check_membarrier(MEMBARRIER_CMD_GLOBAL)), "warning");
  EXPECT_EQ(result_of(check_membarrier(-1)), "warning");
  EXPECT_EQ(result_of(check_clock("tsc\n")), "ok");
  EXPECT_EQ(result_of(check_clock("hpet\n")), "warning");
  EXPECT_EQ(result_of(check_clock("")), "warning");
  EXPECT_EQ(result_of(check_real_time_share("950000\n")), "ok");
  EXPECT_EQ(result_of(check_real_time_share("-1\n")), "warning");
  EXPECT_EQ(result_of(check_real_time_share("0\n")), "wrong");
  EXPECT_EQ(result_of(check_real_time_share("")), "ok");
  EXPECT_EQ(result_of(check_inotify("128\n", "8192\n")), "ok");
  EXPECT_EQ(result_of(check_inotify("8\n", "8192\n")), "warning");
  EXPECT_EQ(result_of(check_inotify("", "")), "warning");
  EXPECT_EQ(result_of(check_kernel("6.1.0-18-amd64")), "ok");
  EXPECT_EQ(result_of(check_kernel("4.16")), "ok");
  EXPECT_EQ(result_of(check_kernel("4.9.0")), "warning");
  EXPECT_EQ(result_of(check_kernel("3.10.0-1160.el7")), "wrong");
  EXPECT_EQ(result_of(check_kernel("unknown")), "warning");
}

TEST(Doctor, LogindRemovesWhatUsersLeave) {
  using Files = std::vector<std::string>;
  const auto check = [](const char* domain, std::uint32_t user, const Files& files) {
    return result_of(check_remove_ipc(true, domain, user, files));
  };
  EXPECT_EQ(check("/dev/shm", 1000, {}), "warning") << "the default";
  EXPECT_EQ(check("/dev/shm/cell", 1000, {"[Login]\n#RemoveIPC=no\n"}), "warning");
  EXPECT_EQ(check("/dev/shm", 1000, {"[Login]\nRemoveIPC=no\n"}), "ok");
  EXPECT_EQ(check("/dev/shm", 1000, {"RemoveIPC=no", " RemoveIPC = yes "}), "warning");
  EXPECT_EQ(check("/dev/shm", 1000, {"RemoveIPC=yes", "RemoveIPC=no"}), "ok");
  EXPECT_EQ(check("/dev/shm", 999, {}), "ok");
  EXPECT_EQ(check("/run/cell", 1000, {}), "ok");
  EXPECT_EQ(result_of(check_remove_ipc(false, "/dev/shm", 1000, {})), "ok");
}

class DoctorCommand : public ToolTest {};

TEST_F(DoctorCommand, AsksEveryQuestionOnce) {
  const ToolAnswer answer = run({"doctor", "--format", "json"});
  const auto checks = nlohmann::json::parse(answer.out);
  std::vector<std::string> names;
  for (const auto& check : checks) names.push_back(check["check"]);
  EXPECT_EQ(names, (std::vector<std::string>{"directory", "file_system", "space", "inodes",
                                             "cgroup_memory", "ageing", "segments", "stamps",
                                             "memory_lock", "huge_pages", "numa", "membarrier",
                                             "remove_ipc", "open_files", "priority",
                                             "real_time_share", "clock", "inotify", "kernel"}));
}

TEST_F(DoctorCommand, EndsWithOneIfSomethingIsWrong) {
  const auto result_with = [&](const char* what) {
    const auto checks = nlohmann::json::parse(run({"doctor", "--format", "json"}).out);
    for (const auto& check : checks) {
      if (check["check"] == what) return check["result"].get<std::string>();
    }
    return std::string("none");
  };
  EXPECT_EQ(result_with("segments"), "ok");
  const auto control = directory_.path() / "evo_probe.ctl";
  std::ofstream(control) << "no control file";
  EXPECT_EQ(result_with("segments"), "warning") << "its mode allows others to read it";
  std::filesystem::permissions(control, std::filesystem::perms::owner_read);
  EXPECT_EQ(result_with("segments"), "wrong");
  const ToolAnswer answer = run({"doctor"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.out.find("evo-shm recover"), std::string::npos) << answer.out;
}

}  // namespace
}  // namespace evo::test
