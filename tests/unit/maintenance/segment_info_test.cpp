// SPDX-License-Identifier: Apache-2.0
/// What an inspection from outside reports, whatever files it finds.
#include "evo/segment_info.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <probe.evo.hpp>
#include <thread>

#include "attachment/control.hpp"
#include "evo/cleanup.hpp"
#include "evo/format.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "system/process_identity.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

class Look : public testing::Test {
 protected:
  [[nodiscard]] SegmentInfo look(std::string_view name = "probe") const {
    auto info = inspect_segment(directory_.domain(), name);
    if (!info) throw std::runtime_error(info.error().message);
    return std::move(*info);
  }
  [[nodiscard]] std::vector<SegmentInfo> list() const {
    auto segments = list_segments(directory_.domain());
    if (!segments) throw std::runtime_error(segments.error().message);
    return std::move(*segments);
  }
  [[nodiscard]] std::string condition(std::string_view name = "probe") const {
    const auto info = inspect_segment(directory_.domain(), name);
    if (!info) return outcome(info);
    EXPECT_EQ(info->fault.empty(), info->condition == SegmentCondition::Sound) << info->fault;
    return std::string(to_string(info->condition));
  }
  [[nodiscard]] Result<RawStateReader> attach() const {
    return RawStateReader::attach("probe", {.domain = directory_.domain()});
  }
  [[nodiscard]] std::filesystem::path control() const {
    return directory_.path() / "evo_probe.ctl";
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 8);
};

TEST_F(Look, TellsEverythingAboutALiveSegment) {
  const std::uint64_t before = monotonic_ns();
  auto writer = probe::ProbeWriter::create({.domain = directory_.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  writer->write({});
  writer->write({});
  const auto reader = attach();
  const SegmentInfo info = look();
  EXPECT_EQ(to_string(info.condition), "Sound") << info.fault;
  EXPECT_EQ(to_string(info.writer_state), "Alive");
  EXPECT_EQ(info.writer_pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(info.writer_uid, ::geteuid());
  EXPECT_TRUE(detail::executable_path().ends_with(info.writer_executable));
  EXPECT_EQ(info.incarnation, writer->incarnation());
  EXPECT_EQ(info.found_dead_ns, 0U);
  EXPECT_EQ(info.module, "probe_writer");
  EXPECT_EQ(info.data_file, directory_.data_file().filename().string());
  EXPECT_EQ(info.layout.schema_id.hex(), probe::ProbeChannel::schema_id.hex());
  EXPECT_EQ(info.layout.version.major, 1U);
  EXPECT_EQ(info.layout.geometry.count, 4U);
  EXPECT_EQ(info.sequence, 2U);
  EXPECT_GE(info.last_write_ns, before);
  ASSERT_TRUE(info.age);
  EXPECT_LE(info.age->count(), static_cast<std::int64_t>(monotonic_ns() - before));
  EXPECT_EQ(info.reader_limit, 128U);
  ASSERT_EQ(info.readers.size(), 1U);
  EXPECT_EQ(info.readers[0].index, 0U);
  EXPECT_EQ(info.readers[0].pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(info.readers[0].process_name, detail::process_name().substr(0, 16));
  EXPECT_FALSE(info.readers[0].sleeping);
  EXPECT_GE(info.memory, std::filesystem::file_size(directory_.data_file()) +
                             std::filesystem::file_size(control()));
}

TEST_F(Look, AgeIsJudgedByWhatTheSchemaPromises) {
  struct Case {
    std::chrono::nanoseconds period, max_age, age;  // no age may exceed the uptime of the machine
    std::string_view expected;
  };
  for (const Case& promise :
       {Case{0ns, 0ns, 10s, "Unknown"}, Case{1s, 0ns, 1ms, "Fresh"}, Case{1s, 0ns, 10s, "Late"},
        Case{1s, 1h, 10s, "Late"}, Case{0ns, 1h, 10s, "Fresh"}, Case{1s, 2s, 10s, "Stale"}}) {
    channel_.period = promise.period;
    channel_.max_age = promise.max_age;
    auto writer = RawStateWriter::create(channel_, {.domain = directory_.domain()});
    ASSERT_TRUE(writer) << message_of(writer);
    EXPECT_EQ(to_string(look().freshness), "Unknown") << "never written";
    EXPECT_FALSE(look().age);
    writer->write(bytes_of(std::uint64_t{1}));
    poke(directory_.data_file(), 40,
         monotonic_ns() - static_cast<std::uint64_t>(promise.age.count()));
    EXPECT_EQ(to_string(look().freshness), promise.expected);
  }
}

TEST_F(Look, AStampInTheFutureIsStaleAndHasNoAge) {
  for (const auto promise : {0ns, std::chrono::nanoseconds(24h)}) {
    channel_.max_age = promise;
    auto writer = RawStateWriter::create(channel_, {.domain = directory_.domain()});
    ASSERT_TRUE(writer) << message_of(writer);
    writer->write(bytes_of(std::uint64_t{1}));
    EXPECT_EQ(look().stamp_ahead, 0ns);
    poke(directory_.data_file(), 40, monotonic_ns() + 3'600'000'000'000U);
    const SegmentInfo info = look();
    EXPECT_EQ(to_string(info.freshness), "Stale");
    EXPECT_FALSE(info.age);
    EXPECT_GT(info.stamp_ahead, 59min);
    EXPECT_LE(info.stamp_ahead, 1h);
    poke(directory_.data_file(), 40, ~std::uint64_t{0});
    EXPECT_EQ(look().stamp_ahead, std::chrono::nanoseconds::max()) << "never negative";
  }
}

TEST_F(Look, KnowsLiveDeadAndClosedWriters) {
  std::optional<RawStateReader> reader;
  {
    auto writer = RawStateWriter::create(channel_, {.domain = directory_.domain()});
    ASSERT_TRUE(writer) << message_of(writer);
    EXPECT_EQ(to_string(look().writer_state), "Alive");
    reader.emplace(std::move(attach().value()));
  }
  EXPECT_EQ(to_string(look().writer_state), "Closed");
  EXPECT_EQ(to_string(reader->writer_state()), "Closed");
  EXPECT_EQ(condition(), "Closed");
  EXPECT_EQ(look().readers.size(), 1U);
  reader.reset();
  EXPECT_EQ(outcome(inspect_segment(directory_.domain(), "probe")), "NotFound");
  leave_orphan(directory_.domain(), channel_, 3);
  EXPECT_EQ(to_string(look().writer_state), "Dead");
  EXPECT_EQ(condition(), "Sound");
  EXPECT_EQ(look().sequence, 3U);
}

TEST_F(Look, CountsReadersExactlyTheMomentAfterTheyDied) {
  auto writer = RawStateWriter::create(channel_, {.domain = directory_.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  constexpr std::size_t kReaders = 9;
  const Pipe attached;
  std::vector<std::unique_ptr<Child>> children;
  for (std::size_t i = 0; i < kReaders; ++i) {
    children.push_back(std::make_unique<Child>([&]() -> std::string {
      const auto reader = attach();
      attached.write("x");
      ::pause();
      return {};
    }));
    ASSERT_TRUE(attached.await_byte());
  }
  EXPECT_EQ(look().readers.size(), kReaders);
  for (const std::size_t gone : {4U, 0U, 8U, 3U}) {
    children[gone]->kill();
    children[gone].reset();
    const auto readers = look().readers;
    for (const AttachedReader& reader : readers) {
      ASSERT_TRUE(children[reader.index]) << reader.index;
      EXPECT_EQ(reader.pid, static_cast<std::uint32_t>(children[reader.index]->pid()));
    }
  }
  EXPECT_EQ(look().readers.size(), kReaders - 4);
}

TEST_F(Look, SeesWhoSleeps) {
  auto writer = RawStateWriter::create(channel_, {.domain = directory_.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  auto reader = attach();
  std::thread sleeper([&] { reader->wait_for_change(1h); });
  while (!look().readers.at(0).sleeping) std::this_thread::yield();
  writer->write(bytes_of(std::uint64_t{1}));
  sleeper.join();
  EXPECT_FALSE(look().readers.at(0).sleeping);
}

TEST_F(Look, WhatWasRemovedAfterADeathIsMissedUntilItIsBack) {
  leave_orphan(directory_.domain(), channel_, 3);
  auto reader = attach();
  ASSERT_TRUE(reader) << message_of(reader);
  ASSERT_TRUE(cleanup_orphaned_segments(directory_.domain(), {.grace = {}}));
  EXPECT_EQ(condition(), "Removed");
  EXPECT_EQ(to_string(look().writer_state), "Dead");
  EXPECT_NE(look().writer_pid, 0U);
  EXPECT_EQ(to_string(reader->writer_state()), "Dead") << "not Closed: it did not close normally";
  {
    auto writer = RawStateWriter::create(channel_, {.domain = directory_.domain()});
    ASSERT_TRUE(writer) << message_of(writer);
    EXPECT_EQ(condition(), "Sound");
  }
  EXPECT_EQ(condition(), "Closed");
  EXPECT_EQ(to_string(look().writer_state), "Closed");
}

TEST_F(Look, FailedCreateIsNoDeath) {
  auto writer = RawStateWriter::create(channel_, {.domain = directory_.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  auto reader = attach();
  ASSERT_TRUE(reader) << message_of(reader);
  writer = tl::unexpected(Error{});
  EXPECT_EQ(condition(), "Closed");
  // A limit that no size satisfies: create fails after it has announced itself as a writer.
  ResourceLimits limits;
  limits.max_memory_percent = 0;
  const auto refused =
      RawStateWriter::create(channel_, {.domain = directory_.domain(), .limits = limits});
  ASSERT_FALSE(refused);
  EXPECT_EQ(condition(), "Closed") << message_of(refused);
  EXPECT_EQ(to_string(reader->writer_state()), "Closed");
}

TEST_F(Look, HalfMadeOneIsUnfinishedAndItsWriterAlive) {
  const auto control = detail::lock_control(directory_.domain(), channel_);
  ASSERT_TRUE(control) << message_of(control);
  EXPECT_EQ(condition(), "Unfinished");
  EXPECT_EQ(to_string(look().writer_state), "Alive");
}

TEST_F(Look, DamageIsToldAndBreaksNoListing) {
  auto sound = RawStateWriter::create(raw_channel("sound", 8), {.domain = directory_.domain()});
  ASSERT_TRUE(sound) << message_of(sound);
  const auto plant = [&](std::string_view name, auto make) {
    make((directory_.path() / fmt::format("evo_{}.ctl", name)).string());
  };
  plant("directory", [](const std::string& path) { ::mkdir(path.c_str(), 0700); });
  plant("fifo", [](const std::string& path) { ::mkfifo(path.c_str(), 0600); });
  plant("link", [](const std::string& path) { std::filesystem::create_symlink("/", path); });
  plant("short", [](const std::string& path) {
    std::ofstream(path) << "text";
    ::chmod(path.c_str(), 0600);
  });
  plant("wide", [](const std::string& path) {
    std::ofstream(path) << "text";
    ::chmod(path.c_str(), 0666);
  });
  std::ofstream(directory_.path() / "evo_Not-A-Name.ctl");
  std::ofstream(directory_.path() / "unrelated");
  std::vector<std::string> found;
  for (const SegmentInfo& info : list()) {
    found.push_back(fmt::format("{} {}", info.name, to_string(info.condition)));
  }
  EXPECT_EQ(found, (std::vector<std::string>{"directory Foreign", "fifo Foreign", "link Foreign",
                                             "short Corrupt", "sound Sound", "wide Unreadable"}));
  EXPECT_EQ(list_segment_names(directory_.domain()).value().size(), 6U);
}

TEST_F(Look, DamagedSegmentIsCorrupt) {
  leave_orphan(directory_.domain(), channel_, 1);
  const auto control_bytes = read_bytes(control());
  const auto data_bytes = read_bytes(directory_.data_file());
  EXPECT_EQ(condition(), "Sound");
  poke(control(), 0, std::uint64_t{1});
  EXPECT_EQ(condition(), "Corrupt") << "magic of the control file";
  poke_bytes(control(), 0, control_bytes);
  poke(control(), 10, std::uint16_t{99});
  EXPECT_EQ(condition(), "Incompatible") << "format of the control file";
  poke(control(), 32, 'x');
  EXPECT_EQ(condition(), "Incompatible") << "another format may store the name elsewhere";
  poke(control(), 0, std::uint64_t{1});
  EXPECT_EQ(condition(), "Corrupt") << "not a control file of any format";
  poke_bytes(control(), 0, control_bytes);
  poke(control(), 296, 'X');
  EXPECT_EQ(condition(), "Corrupt") << "module";
  poke_bytes(control(), 0, control_bytes);
  poke(directory_.data_file(), 0, std::uint64_t{1});
  EXPECT_EQ(condition(), "Corrupt") << "magic of the data file";
  poke_bytes(directory_.data_file(), 0, data_bytes);
  poke(directory_.data_file(), 130, std::uint16_t{99});
  EXPECT_EQ(condition(), "Incompatible") << "format of the data file";
  poke_bytes(directory_.data_file(), 0, data_bytes);
  std::filesystem::resize_file(directory_.data_file(), 100);
  EXPECT_EQ(condition(), "Corrupt") << "short data file";
  std::filesystem::remove(directory_.data_file());
  EXPECT_EQ(condition(), "Corrupt") << "no data file";
}

TEST_F(Look, WhatAnEarlierBootLeftIsStale) {
  leave_orphan(directory_.domain(), channel_, 1);
  poke(control(), 16, std::uint64_t{0x1234});
  EXPECT_EQ(condition(), "Stale");
}

TEST_F(Look, DataFileThatNobodyNamesIsUnclaimed) {
  auto writer = RawStateWriter::create(channel_, {.domain = directory_.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(list().size(), 1U);
  const std::string data = directory_.data_file().filename().string();
  std::filesystem::remove(control());
  const auto found = list();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(to_string(found[0].condition), "Unclaimed");
  EXPECT_EQ(found[0].name, data);
  EXPECT_GT(found[0].memory, 0U);
}

TEST_F(Look, MissingDomainIsEmptyAndARelativeOneIsRefused) {
  const Domain missing(directory_.path() / "none");
  EXPECT_TRUE(list_segments(missing).value().empty());
  EXPECT_TRUE(list_segment_names(missing).value().empty());
  EXPECT_EQ(outcome(inspect_segment(missing, "probe")), "NotFound");
  EXPECT_EQ(outcome(list_segments(Domain("relative"))), "InvalidName");
  EXPECT_EQ(outcome(inspect_segment(directory_.domain(), "No!")), "InvalidName");
}

TEST_F(Look, StrangersSegmentIsUnreadableAndDoesNotHideTheOthers) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  leave_orphan(directory_.domain(), channel_, 1);
  const ChildResult child = in_child([&]() -> std::string {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) {
      return "setresuid failed";
    }
    return condition();
  });
  EXPECT_EQ(child.text, "Unreadable");
}

}  // namespace
}  // namespace evo::test
