// SPDX-License-Identifier: Apache-2.0
/// The deadline watch of endpoints in other processes: switched from outside while they run, with
/// exact counts. No outcome depends on how fast anything runs: deadlines are an hour, which every
/// operation keeps, or a nanosecond, which every operation misses.
#include "evo/deadline_watch.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <alarm.evo.hpp>
#include <probe.evo.hpp>

#include "segments.hpp"
#include "system/kernel_lock.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;
using probe::ProbeReader;
using probe::ProbeWriter;

constexpr WatchOptions kAllKeep{.deadline = 1h, .write_deadline = 1h, .read_deadline = 1h};
constexpr WatchOptions kAllMiss{.deadline = 1ns, .write_deadline = 1ns, .read_deadline = 1ns};

/// A process with one endpoint, which performs operations on request.
class OtherProcess {
 public:
  /// `make()` returns the operation, a function that returns whether all went well.
  template <class Make>
  explicit OtherProcess(Make&& make)
      : child_([this, &make]() -> std::string {
          orders_.close_writing();
          auto operation = make();
          done_.write("x");
          while (orders_.await_byte()) {
            if (!operation()) return "an operation failed";
            done_.write("x");
          }
          return "";
        }) {
    orders_.close_reading();
    done_.close_writing();
    if (!done_.await_byte()) throw std::runtime_error(child_.join().text);
  }

  void operate(int times) {
    for (int i = 0; i < times; ++i) {
      orders_.write("x");
      if (!done_.await_byte()) throw std::runtime_error(child_.join().text);
    }
  }
  [[nodiscard]] std::uint32_t pid() const { return static_cast<std::uint32_t>(child_.pid()); }
  void kill() { child_.kill(); }

 private:
  Pipe orders_;
  Pipe done_;
  Child child_;
};

class DeadlineWatch : public testing::Test {
 protected:
  [[nodiscard]] auto probe_writer() const {
    return [domain = directory_.domain()] {
      return [writer = ProbeWriter::create({.domain = domain}).value()]() mutable {
        return writer.write({.cycle = 1}).has_value();
      };
    };
  }
  [[nodiscard]] auto probe_reader() const {
    return [domain = directory_.domain()] {
      return [reader = ProbeReader::attach({.domain = domain}).value()]() mutable {
        return reader.read().has_value();
      };
    };
  }
  void start(const WatchOptions& options, std::string_view name = "probe") const {
    const auto started = start_deadline_watch(directory_.domain(), name, options);
    ASSERT_TRUE(started) << message_of(started);
  }
  void stop() const {
    const auto stopped = stop_deadline_watch(directory_.domain(), "probe");
    ASSERT_TRUE(stopped) << message_of(stopped);
  }
  [[nodiscard]] DeadlineReport report(std::string_view name = "probe") const {
    auto report = read_deadline_watch(directory_.domain(), name);
    EXPECT_TRUE(report) << message_of(report);
    return report ? *report : DeadlineReport{};
  }
  static std::string figures(const EndDeadlines& end) {
    return fmt::format("{} operations, {} late, {} slow, {} stale", end.operations, end.late,
                       end.slow, end.stale);
  }
  [[nodiscard]] std::string writer_figures() const { return figures(report().writer); }
  [[nodiscard]] std::string reader_figures() const {
    const DeadlineReport found = report();
    return found.readers.size() == 1 ? figures(found.readers[0])
                                     : fmt::format("{} readers", found.readers.size());
  }

  TemporaryDomain directory_;
};

TEST_F(DeadlineWatch, CountsTheLateWritesOfAnotherProcessWithoutARestart) {
  OtherProcess writer(probe_writer());
  writer.operate(5);
  EXPECT_EQ(writer_figures(), "0 operations, 0 late, 0 slow, 0 stale") << "off";
  EXPECT_FALSE(report().on);

  start(kAllKeep);
  writer.operate(4);
  EXPECT_EQ(writer_figures(), "4 operations, 0 late, 0 slow, 0 stale");
  EXPECT_TRUE(report().on);
  EXPECT_EQ(report().writer.pid, writer.pid());
  EXPECT_EQ(report().writer.jitter.total(), 3U) << "one less than operations";
  EXPECT_GT(report().writer.longest_interval, 0ns);
  EXPECT_GT(report().writer.longest_duration, 0ns);

  start(kAllMiss);
  EXPECT_EQ(writer_figures(), "0 operations, 0 late, 0 slow, 0 stale") << "a new session";
  writer.operate(3);
  EXPECT_EQ(writer_figures(), "3 operations, 2 late, 3 slow, 0 stale");

  stop();
  writer.operate(2);
  EXPECT_EQ(writer_figures(), "3 operations, 2 late, 3 slow, 0 stale") << "unchanged";
  EXPECT_FALSE(report().on);
}

TEST_F(DeadlineWatch, CountsTheReadsOfEachReader) {
  OtherProcess writer(probe_writer());
  writer.operate(1);
  OtherProcess idle(probe_reader());
  OtherProcess reader(probe_reader());
  reader.operate(3);
  start(kAllKeep);
  reader.operate(5);
  DeadlineReport found = report();
  ASSERT_EQ(found.readers.size(), 2U);
  EXPECT_EQ(found.readers[0].pid, idle.pid());
  EXPECT_EQ(figures(found.readers[0]), "0 operations, 0 late, 0 slow, 0 stale");
  EXPECT_EQ(found.readers[1].pid, reader.pid());
  EXPECT_EQ(found.readers[1].process_name, found.readers[0].process_name);
  EXPECT_EQ(found.readers[1].operations, 5U);
  EXPECT_EQ(found.readers[1].late, 0U);
  EXPECT_EQ(found.readers[1].slow, 0U);
  EXPECT_GT(found.readers[1].greatest_age, 0ns) << "the segment is stamped";

  idle.kill();
  start(kAllMiss);
  reader.operate(4);
  found = report();
  ASSERT_EQ(found.readers.size(), 1U) << "dead readers are not listed";
  EXPECT_EQ(found.readers[0].operations, 4U);
  EXPECT_EQ(found.readers[0].late, 3U);
  EXPECT_EQ(found.readers[0].slow, 4U);
}

TEST_F(DeadlineWatch, AgesAreJudgedByTheSchema) {
  OtherProcess writer(probe_writer());
  writer.operate(1);
  OtherProcess reader(probe_reader());
  start(kAllKeep);
  ::usleep(1'100'000);  // longer than max_age
  reader.operate(2);
  EXPECT_EQ(reader_figures(), "2 operations, 0 late, 0 slow, 2 stale");
  EXPECT_GT(report().readers.at(0).greatest_age, 1s);
}

TEST_F(DeadlineWatch, FieldsAndUntypedReadsCountAndFailedOnesDoNot) {
  auto writer = ProbeWriter::create({.domain = directory_.domain()}).value();
  auto typed = ProbeReader::attach({.domain = directory_.domain()}).value();
  start(kAllKeep);
  EXPECT_EQ(outcome(typed.read()), "NeverWritten");
  EXPECT_EQ(report().readers.at(0).operations, 0U);
  writer.write({.cycle = 1});
  EXPECT_TRUE(typed.cycle());
  probe::Probe value;
  EXPECT_TRUE(typed.read_into(value));
  EXPECT_EQ(report().readers.at(0).operations, 2U);
  auto untyped = RawStateReader::attach("probe", {.domain = directory_.domain()}).value();
  EXPECT_EQ(read_number(untyped), "1");
  EXPECT_EQ(report().readers.at(1).operations, 1U);
}

TEST_F(DeadlineWatch, EveryWayToPublishCountsOnce) {
  auto writer = ProbeWriter::create({.domain = directory_.domain()}).value();
  start(kAllKeep);
  writer.write({.cycle = 1});
  writer.update([](probe::Probe& value) { ++value.cycle; });
  auto loan = writer.loan();
  *loan = {.cycle = 3};
  EXPECT_TRUE(loan.publish());
  EXPECT_EQ(writer_figures(), "3 operations, 0 late, 0 slow, 0 stale");
}

TEST_F(DeadlineWatch, StreamsCountPublishesAndValues) {
  auto writer = AlarmWriter::create({.domain = directory_.domain()}).value();
  auto reader = AlarmReader::attach({.domain = directory_.domain()}).value();
  start(kAllMiss, "alarm");
  EXPECT_FALSE(reader.next());
  writer.push({.code = 1});
  const std::array<Alarm, 2> batch{Alarm{.code = 2}, Alarm{.code = 3}};
  EXPECT_EQ(writer.push_batch(batch), 2U);
  for (std::uint32_t code = 1; code <= 3; ++code) EXPECT_EQ(reader.next()->value.code, code);
  const DeadlineReport found = report("alarm");
  EXPECT_EQ(figures(found.writer), "2 operations, 1 late, 2 slow, 0 stale");
  ASSERT_EQ(found.readers.size(), 1U);
  EXPECT_EQ(found.readers[0].operations, 3U);
  EXPECT_EQ(found.readers[0].late, 2U);
}

TEST_F(DeadlineWatch, SurvivesATakeoverAndShowsTheDeadWritersFiguresUntilThen) {
  OtherProcess first(probe_writer());
  OtherProcess reader(probe_reader());
  start(kAllKeep);
  first.operate(6);
  reader.operate(1);
  first.kill();
  EXPECT_EQ(writer_figures(), "6 operations, 0 late, 0 slow, 0 stale");
  OtherProcess second(probe_writer());
  second.operate(2);
  reader.operate(1);
  EXPECT_EQ(writer_figures(), "2 operations, 0 late, 0 slow, 0 stale");
  EXPECT_EQ(report().readers.at(0).operations, 2U) << "the reader's figures continued";
}

TEST_F(DeadlineWatch, SwitchersOneAtATime) {
  OtherProcess writer(probe_writer());
  const std::string path = (directory_.path() / "evo_probe.ctl").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_TRUE(detail::try_lock(fd, kWatchLockByte).value());
  EXPECT_EQ(outcome(start_deadline_watch(directory_.domain(), "probe")), "SegmentBusy");
  ::close(fd);
  EXPECT_EQ(outcome(start_deadline_watch(directory_.domain(), "probe")), "ok");
  EXPECT_EQ(report().session, 1U);
  EXPECT_EQ(report().options.write_deadline, kClassADeadline);
  EXPECT_EQ(report().options.read_deadline, kClassBDeadline);
}

TEST_F(DeadlineWatch, RefusesWhatItCannotWatch) {
  const Domain domain = directory_.domain();
  EXPECT_EQ(outcome(start_deadline_watch(domain, "probe")), "NotFound");
  EXPECT_EQ(outcome(stop_deadline_watch(domain, "probe")), "NotFound");
  EXPECT_EQ(outcome(read_deadline_watch(domain, "probe")), "NotFound");
  EXPECT_EQ(outcome(start_deadline_watch(domain, "../probe")), "InvalidName");
  EXPECT_TRUE(directory_.files().empty()) << "nothing was created";
  OtherProcess writer(probe_writer());
  EXPECT_EQ(outcome(start_deadline_watch(domain, "probe", {.read_deadline = -1ns})), "Unsupported");
  EXPECT_FALSE(report().on);
  const std::filesystem::path control = directory_.path() / "evo_probe.ctl";
  std::filesystem::rename(control, directory_.path() / "elsewhere");
  std::filesystem::create_symlink("elsewhere", control);
  EXPECT_NE(outcome(start_deadline_watch(domain, "probe")), "ok") << "links are not followed";
}

TEST_F(DeadlineWatch, NeedsToBeAllowedToWrite) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  OtherProcess writer(probe_writer());
  ::chmod(directory_.path().c_str(), 0755);
  const ChildResult child = in_child([&]() -> std::string {
    if (::setuid(65534) != 0) return "no other user";
    return outcome(start_deadline_watch(directory_.domain(), "probe"));
  });
  EXPECT_EQ(child.text, "PermissionDenied");
}

}  // namespace
}  // namespace evo::test
