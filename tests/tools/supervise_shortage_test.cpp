// SPDX-License-Identifier: Apache-2.0
/// evo-shm supervise when it lacks resources: space in its log, descriptors, inotify.
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fstream>
#include <map>
#include <set>

#include "evo/segment_info.hpp"
#include "supervisor_fixture.hpp"

namespace evo::test {
namespace {

class SuperviseShortage : public Supervise {
 protected:
  /// How often each event was reported for each segment.
  static std::map<std::string, std::map<std::string, int>> count(const std::vector<json>& events) {
    std::map<std::string, std::map<std::string, int>> counts;
    for (const json& event : events) ++counts[event["event"]][event.value("segment", "")];
    return counts;
  }
  /// Waits at most a minute until there are exactly these segments.
  [[nodiscard]] bool await_segments(const std::vector<std::string>& names) const {
    for (int i = 0; i < 6000; ++i) {
      if (list_segment_names(directory_.domain()).value() == names) return true;
      ::usleep(10'000);
    }
    return false;
  }
};

/// The socket of a service manager that expects a message from the supervisor every 20 ms.
class Manager {
 public:
  explicit Manager(const std::filesystem::path& path)
      : path_(path.string()), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() { ::close(fd_); }

  void inform() const {
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "40000", 1);
  }
  /// The next message; empty after a minute.
  [[nodiscard]] std::string receive() const {
    std::array<char, 256> text{};
    pollfd readable{fd_, POLLIN, 0};
    if (::poll(&readable, 1, 60'000) <= 0) return {};
    return {text.data(), static_cast<std::size_t>(::recv(fd_, text.data(), text.size(), 0))};
  }
  /// Discards all messages so far.
  void drain() const {
    std::array<char, 256> text{};
    while (::recv(fd_, text.data(), text.size(), MSG_DONTWAIT) > 0) {
    }
  }

 private:
  std::string path_;
  int fd_;
};

TEST_F(SuperviseShortage, GoesOnWhileItsLogIsNotRead) {
  const Pipe log;
  ::fcntl(log.writing(), F_SETPIPE_SZ, 4096);
  const Manager manager(directory_.path() / "notify");
  Program program(EVO_SHM, arguments({"--grace", "0", "--log-format", "json"}), [&] {
    ::dup2(log.writing(), STDOUT_FILENO);
    manager.inform();
  });
  // Far more events than fit into the pipe; each segment is cleaned up.
  for (int i = 0; i < 30; ++i) {
    leave_orphan(directory_.domain(), raw_channel("probe" + std::to_string(i), 8), 3);
  }
  EXPECT_TRUE(await_segments({}));
  manager.drain();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(manager.receive(), "WATCHDOG=1");
  EXPECT_EQ(program.end(), 0);
}

TEST_F(SuperviseShortage, EndsWhileItsLogIsNotRead) {
  Pipe log;
  ::fcntl(log.writing(), F_SETPIPE_SZ, 4096);
  log.write(std::string(4096, '\n'));
  Program program(EVO_SHM, arguments({"--grace", "0"}),
                  [&] { ::dup2(log.writing(), STDOUT_FILENO); });
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
  EXPECT_TRUE(await_segments({})) << "so it still works";
  EXPECT_EQ(program.end(), 0);
}

TEST_F(SuperviseShortage, GoesOnWhenItsLogHasNoReader) {
  Pipe log;
  Program program(EVO_SHM, arguments({"--grace", "0"}),
                  [&] { ::dup2(log.writing(), STDOUT_FILENO); });
  EXPECT_TRUE(log.await_byte());
  log.close_reading();
  for (int i = 0; i < 3; ++i) {
    leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
    EXPECT_TRUE(await_segments({}));
  }
  EXPECT_EQ(program.end(), 0);
}

class SuperviseDescriptors : public SuperviseShortage,
                             public testing::WithParamInterface<rlim_t> {};

TEST_P(SuperviseDescriptors, ReportsEachDeathOnce) {
  constexpr int kWriters = 80;
  constexpr int kDeaths = 20;
  const rlim_t limit = GetParam();
  const auto program = start({"--grace", "0", "--simulation-interval", "0.2"}, [&] {
    const rlimit both{limit, limit};
    ::setrlimit(RLIMIT_NOFILE, &both);
  });
  std::map<std::string, std::unique_ptr<Child>> writers;
  for (int i = 0; i < kWriters; ++i) {
    const std::string name = "probe" + std::to_string(i);
    writers[name] = start_writer(name);
    ASSERT_TRUE(await(*program, "writer_started", name));
  }
  std::map<std::string, pid_t> killed;
  for (int i = 0; i < kDeaths; ++i) {
    const std::string name = "probe" + std::to_string(i * kWriters / kDeaths);
    killed[name] = writers[name]->pid();
    writers[name]->kill();
    writers.erase(name);
  }
  std::vector<std::string> left;
  for (const auto& [name, writer] : writers) left.push_back(name);
  EXPECT_TRUE(await_segments(left));
  const auto events = end_and_read(*program);
  auto counts = count(events);
  EXPECT_EQ(counts["writer_died"].size(), killed.size());
  EXPECT_EQ(counts["segment_removed"].size(), killed.size());
  EXPECT_TRUE(counts["writer_closed"].empty());
  EXPECT_TRUE(counts["cannot_scan"].empty());
  for (const json& event : events) {
    if (event["event"] != "writer_died") continue;
    const std::string name = event["segment"];
    EXPECT_EQ(counts["writer_died"][name], 1) << name;
    EXPECT_EQ(event["pid"], killed[name]) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Limits, SuperviseDescriptors, testing::Values(24, 40, 64));

TEST_F(SuperviseShortage, RaisesItsLimitAndNotThatOfItsCommands) {
  const auto program =
      start({"--exec", "echo HOOK $(ulimit -Sn)", "--exec-on", "writer_started"}, [] {
        const rlimit soft{100, 200};
        ::setrlimit(RLIMIT_NOFILE, &soft);
      });
  rlimit limit{};
  ASSERT_EQ(::prlimit(program->pid(), RLIMIT_NOFILE, nullptr, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, 200U);
  const auto writer = create();
  std::optional<std::string> line;
  do {
    line = program->next_line();
  } while (line && !line->starts_with("HOOK"));
  EXPECT_EQ(line, "HOOK 100");
}

TEST_F(SuperviseShortage, ACommandThatCannotStartYetGetsItsEventsLater) {
  const auto program =
      start({"--exec", "sed s/^/HOOK/", "--exec-interval", "10ms", "--grace", "1h"});
  // Below the descriptors that it has open, so that it can open none.
  const rlimit none{3, 64};
  ASSERT_EQ(::prlimit(program->pid(), RLIMIT_NOFILE, &none, nullptr), 0);
  ::kill(program->pid(), SIGSTOP);
  leave_orphan(directory_.domain(), raw_channel("probe", 8), 3);
  ::kill(program->pid(), SIGCONT);
  const auto scan = await(*program, "cannot_scan");
  ASSERT_TRUE(scan);
  const rlimit enough{64, 64};
  ASSERT_EQ(::prlimit(program->pid(), RLIMIT_NOFILE, &enough, nullptr), 0);
  std::optional<std::string> line;
  do {
    line = program->next_line();
  } while (line && !line->starts_with("HOOK"));
  ASSERT_TRUE(line);
  EXPECT_EQ(json::parse(line->substr(4))["event"], "cannot_scan");
}

/// Moves to a new user namespace in which nothing may be watched.
void give_up_inotify() {
  const std::string uid = std::to_string(::geteuid());
  if (::unshare(CLONE_NEWUSER) != 0) return;
  std::ofstream("/proc/self/uid_map") << uid << ' ' << uid << " 1\n";
  std::ofstream("/proc/sys/user/max_inotify_instances") << "0\n";
}

TEST_F(SuperviseShortage, ScansWithoutInotify) {
  const ChildResult possible = in_child([]() -> std::string {
    give_up_inotify();
    std::ifstream limit("/proc/sys/user/max_inotify_instances");
    int number = -1;
    limit >> number;
    return std::to_string(number);
  });
  if (possible.text != "0") GTEST_SKIP() << "inotify cannot be taken away here";
  const auto program =
      start({"--simulation-interval", "50ms", "--grace", "0"}, [] { give_up_inotify(); });
  const auto incomplete = await(*program, "watch_incomplete");
  ASSERT_TRUE(incomplete);
  EXPECT_EQ((*incomplete)["level"], "warning");
  auto writer = start_writer();
  ASSERT_TRUE(await(*program, "writer_started", "probe"));
  writer->kill();
  EXPECT_TRUE(await(*program, "writer_died", "probe"));
  EXPECT_TRUE(await(*program, "segment_vanished", "probe"));
  EXPECT_EQ(program->end(), 0);
}

}  // namespace
}  // namespace evo::test
