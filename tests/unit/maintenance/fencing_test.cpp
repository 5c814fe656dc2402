// SPDX-License-Identifier: Apache-2.0
/// The forced takeover: a live writer is fenced off, whatever it does.
#include "evo/fencing.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "attachment/teardown.hpp"
#include "child_process.hpp"
#include "evo/cleanup.hpp"
#include "evo/segment_info.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "system/kernel_lock.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;

class Fencing : public testing::Test {
 protected:
  [[nodiscard]] std::string fence() const {
    const auto result = fence_off_writer(directory_.domain(), "probe");
    if (!result) return outcome(result);
    return result->fenced ? "fenced" : "nobody";
  }
  [[nodiscard]] RawStateWriter create() const {
    auto writer = RawStateWriter::create(channel_, {.domain = directory_.domain()});
    if (!writer) throw std::runtime_error(writer.error().message);
    return std::move(*writer);
  }
  [[nodiscard]] RawStateReader attach() const {
    auto reader = RawStateReader::attach(channel_, {.domain = directory_.domain()});
    if (!reader) throw std::runtime_error(reader.error().message);
    return std::move(*reader);
  }
  [[nodiscard]] detail::Control control() const {
    auto control = detail::open_control(directory_.domain(), "probe", Access::Group);
    if (!control) throw std::runtime_error(control.error().message);
    return std::move(*control);
  }
  static std::string write(RawStateWriter& writer, std::uint64_t number) {
    return outcome(writer.write(bytes_of(number)));
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 8);
};

TEST_F(Fencing, OfWhatIsNotThereIsNotFound) {
  EXPECT_EQ(outcome(fence_off_writer(Domain("relative"), "probe")), "InvalidName");
  EXPECT_EQ(fence(), "NotFound");
  EXPECT_EQ(outcome(fence_off_writer(directory_.domain(), "Probe")), "InvalidName");
}

TEST_F(Fencing, TheNextWriteIsFencedAndTheNamesAreFree) {
  RawStateWriter writer = create();
  EXPECT_EQ(write(writer, 1), "ok");
  const auto fenced = fence_off_writer(directory_.domain(), "probe");
  ASSERT_TRUE(fenced) << message_of(fenced);
  EXPECT_TRUE(fenced->fenced);
  EXPECT_EQ(fenced->pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_TRUE(contains(fenced->executable, "test")) << fenced->executable;
  EXPECT_EQ(write(writer, 2), "Fenced");
  EXPECT_EQ(write(writer, 3), "Fenced");
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Fencing, ASuccessorWritesWhileTheFormerWriterLives) {
  RawStateWriter former = create();
  write(former, 1);
  RawStateReader reader = attach();
  EXPECT_EQ(fence(), "fenced");
  EXPECT_EQ(read_number(reader), "Detached");
  EXPECT_EQ(to_string(reader.writer_state()), "Closed");
  EXPECT_EQ(outcome(reader.reattach()), "NotFound") << "there is no successor yet";
  RawStateWriter successor = create();
  write(successor, 10);
  EXPECT_EQ(write(former, 2), "Fenced");
  EXPECT_EQ(outcome(reader.reattach()), "ok");
  EXPECT_EQ(read_number(reader), "10");
  EXPECT_EQ(to_string(reader.writer_state()), "Alive");
}

TEST_F(Fencing, TheEndOfTheFormerWriterRemovesNothing) {
  std::optional<RawStateWriter> former(create());
  std::optional<RawStateReader> former_reader(attach());
  EXPECT_EQ(fence(), "fenced");
  RawStateWriter successor = create();
  write(successor, 10);
  const auto files = directory_.files();
  former.reset();
  EXPECT_EQ(directory_.files(), files);
  former_reader.reset();
  EXPECT_EQ(directory_.files(), files);
  EXPECT_EQ(read_number(attach()), "10");
  EXPECT_EQ(write(successor, 11), "ok");
}

TEST_F(Fencing, WakesWhoSleeps) {
  RawStateWriter writer = create();
  write(writer, 1);
  RawStateReader reader = attach();
  ASSERT_EQ(read_number(reader), "1");
  // Would sleep for longer than the test may take.
  std::thread sleeper([&] { static_cast<void>(reader.wait_for_change(std::chrono::hours(1))); });
  while (!inspect_segment(directory_.domain(), "probe").value().readers.at(0).sleeping) {
    std::this_thread::yield();
  }
  EXPECT_EQ(fence(), "fenced");
  sleeper.join();
  EXPECT_EQ(read_number(reader), "Detached");
}

TEST_F(Fencing, OfADeadWriterDoesNothing) {
  const pid_t pid = leave_orphan(directory_.domain(), channel_, 3);
  const auto files = directory_.files();
  const auto result = fence_off_writer(directory_.domain(), "probe");
  ASSERT_TRUE(result) << message_of(result);
  EXPECT_FALSE(result->fenced);
  EXPECT_EQ(result->pid, static_cast<std::uint32_t>(pid));
  EXPECT_EQ(directory_.files(), files);
  EXPECT_EQ(create().current_version(), 6U) << "it is taken over with its value";
}

TEST_F(Fencing, AgainIsForTheSuccessor) {
  const RawStateWriter former = create();
  EXPECT_EQ(fence(), "fenced");
  EXPECT_EQ(fence(), "NotFound");
  RawStateWriter successor = create();
  EXPECT_EQ(fence(), "fenced");
  EXPECT_EQ(write(successor, 1), "Fenced");
}

TEST_F(Fencing, BegunByOneWhoDiedIsCompletedByTheNext) {
  // After step S1, S2, S3 or S4 of fencing.cpp.
  for (int died_after = 1; died_after <= 4; ++died_after) {
    std::optional<RawStateWriter> writer(create());
    write(*writer, 1);
    RawStateReader reader = attach();
    {
      const detail::Control begun = control();
      begun->incarnation.fetch_add(1);
      if (died_after >= 2) begun->phase.store(SegmentPhase::Closed);
      if (died_after >= 3) begun->generation.store(begun->incarnation);
      if (died_after >= 4) std::filesystem::remove(directory_.data_file());
    }
    EXPECT_EQ(write(*writer, 2), "Fenced") << died_after;
    EXPECT_EQ(read_number(reader), died_after >= 3 ? "Detached" : "1") << died_after;
    EXPECT_EQ(outcome(RawStateReader::attach("probe", {.domain = directory_.domain()})),
              died_after >= 2 ? "NotReady" : "ok")
        << died_after;
    EXPECT_EQ(fence(), "fenced") << died_after;
    EXPECT_TRUE(directory_.files().empty()) << died_after;
    EXPECT_EQ(write(*writer, 2), "Fenced") << died_after;
  }
}

TEST_F(Fencing, BegunByOneWhoDiedIsCompletedByTheNextCreate) {
  for (int died_after = 1; died_after <= 4; ++died_after) {
    {
      std::optional<RawStateWriter> writer(create());
      write(*writer, 1);
      const detail::Control begun = control();
      begun->incarnation.fetch_add(1);
      if (died_after >= 2) begun->phase.store(SegmentPhase::Closed);
      if (died_after >= 3) begun->generation.store(begun->incarnation);
      if (died_after >= 4) std::filesystem::remove(directory_.data_file());
      EXPECT_EQ(outcome(RawStateWriter::create(channel_, {.domain = directory_.domain()})),
                "SegmentBusy")
          << died_after;
      writer.reset();
      EXPECT_FALSE(directory_.files().empty()) << "a fenced writer leaves the files alone";
    }
    RawStateWriter successor = create();
    EXPECT_EQ(successor.current_version(), died_after == 1 ? 2U : 0U) << died_after;
    EXPECT_EQ(write(successor, 5), "ok") << died_after;
    EXPECT_EQ(read_number(attach()), "5") << died_after;
  }
}

TEST_F(Fencing, DamagedTokenIsRaisedBeyondTheWritersOwn) {
  for (const bool taken_over : {false, true}) {
    if (taken_over) leave_orphan(directory_.domain(), channel_, 1);
    RawStateWriter writer = create();
    RawStateReader reader = attach();
    write(writer, 1);
    const std::uint64_t own = writer.incarnation();
    for (const std::uint64_t damaged : {own - 1, own - 2, std::uint64_t{0}, ~std::uint64_t{0}}) {
      control()->incarnation = damaged;
      if (damaged == own - 2) control()->generation = 0;
    }
    control()->incarnation = own - 1;
    EXPECT_EQ(fence(), "fenced");
    EXPECT_EQ(write(writer, 2), "Fenced");
    EXPECT_EQ(read_number(reader), "Detached");
    RawStateWriter successor = create();
    EXPECT_GT(successor.incarnation(), own);
  }
}

TEST_F(Fencing, CreatorThatOnlyTriesIsNotTakenForAWriter) {
  // It holds the writer's lock until it finds that the names are locked.
  leave_orphan(directory_.domain(), channel_, 3);
  std::atomic<bool> stop{false};
  std::vector<std::thread> creators;
  for (int i = 0; i < 2; ++i) {
    creators.emplace_back([&] {
      const detail::Control own = control();
      while (!stop) {
        if (!detail::lock_quietly(own.fd.get(), kCleanupLockByte, 1)) continue;
        static_cast<void>(detail::lock_quietly(own.fd.get(), kWriterLockByte, 1));
        detail::unlock(own.fd.get(), kWriterLockByte);
        detail::unlock(own.fd.get(), kCleanupLockByte);
      }
    });
  }
  for (int round = 0; round < 20; ++round) {
    const std::string said = fence();
    EXPECT_TRUE(said == "nobody" || said == "SegmentBusy") << said;
  }
  stop = true;
  for (std::thread& creator : creators) creator.join();
  EXPECT_EQ(create().current_version(), 6U) << "the orphan kept its value";
}

TEST_F(Fencing, HolderOfTheLocksForAMomentIsNotTakenForAWriter) {
  leave_orphan(directory_.domain(), channel_, 3);
  {
    const detail::Control other = control();
    ASSERT_TRUE(detail::try_lock(other.fd.get(), kCleanupLockByte).value());
    ASSERT_TRUE(detail::try_lock(other.fd.get(), kWriterLockByte).value());
    EXPECT_EQ(fence(), "SegmentBusy") << "however long the locks are held";
  }
  EXPECT_EQ(create().current_version(), 6U) << "the orphan kept its value";
}

TEST_F(Fencing, WaitsForWhoeverChangesTheNames) {
  RawStateWriter writer = create();
  const detail::Control other = control();
  ASSERT_TRUE(detail::try_lock(other.fd.get(), kNamesLockByte).value());
  EXPECT_EQ(fence(), "SegmentBusy");
  EXPECT_EQ(write(writer, 1), "ok") << "nothing was changed";
  detail::unlock(other.fd.get(), kNamesLockByte);
  EXPECT_EQ(fence(), "fenced");
}

TEST_F(Fencing, AWriterThatClosesMeanwhileLeavesTheNamesToIt) {
  std::optional<RawStateWriter> writer(create());
  {
    const detail::Control fencer = control();
    ASSERT_TRUE(detail::try_lock(fencer.fd.get(), kNamesLockByte).value());
    writer.reset();
    EXPECT_EQ(directory_.files().size(), 3U);
    EXPECT_EQ(outcome(RawStateWriter::create(channel_, {.domain = directory_.domain()})),
              "SegmentBusy")
        << "the names are still being removed";
    EXPECT_EQ(cleanup_orphaned_segments(directory_.domain(), {.grace = 0ns}).value().items.size(),
              0U);
  }
  EXPECT_EQ(fence(), "nobody");
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Fencing, OfAnotherUsersFilesIsRefused) {
  // In a child, so that root can become a user who may not remove everything.
  const ChildResult child = in_child([&]() -> std::string {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && (::chown(directory_.path().c_str(), kNobody, kNobody) != 0 ||
                             ::setresgid(kNobody, kNobody, kNobody) != 0 ||
                             ::setresuid(kNobody, kNobody, kNobody) != 0)) {
      return "cannot become nobody";
    }
    RawStateWriter writer = create();
    ::chmod(directory_.path().c_str(), 0500);
    const std::string said = fence();
    ::chmod(directory_.path().c_str(), 0700);
    return said + ", then " + write(writer, 1);
  });
  EXPECT_EQ(child.text, "PermissionDenied, then ok");
}

TEST_F(Fencing, TwoAdministratorsAtOnceDoNotCollide) {
  for (int round = 0; round < 50; ++round) {
    RawStateWriter writer = create();
    std::array<std::string, 2> said;
    std::thread other([&] { said[0] = fence(); });
    said[1] = fence();
    other.join();
    EXPECT_TRUE((said[0] == "fenced") != (said[1] == "fenced")) << said[0] << ", " << said[1];
    EXPECT_EQ(write(writer, 1), "Fenced");
    EXPECT_TRUE(directory_.files().empty());
  }
}

TEST_F(Fencing, OfAWriterThatPublishesInALoop) {
  const Pipe told;
  const Pipe end;
  Child writer([&]() -> std::string {
    RawStateWriter mine = create();
    std::uint64_t number = 0;
    told.write("x");
    while (mine.write(bytes_of(++number))) {
    }
    const std::string last = write(mine, number);
    told.write("x");
    if (!end.await_byte()) return "not told to end";
    return last;
  });
  ASSERT_TRUE(told.await_byte());
  RawStateReader reader = attach();
  EXPECT_EQ(fence(), "fenced");
  ASSERT_TRUE(told.await_byte());
  EXPECT_EQ(read_number(reader), "Detached");
  RawStateWriter successor = create();
  write(successor, 10);
  const auto files = directory_.files();
  end.write("x");
  EXPECT_EQ(writer.join().text, "Fenced");
  EXPECT_EQ(directory_.files(), files);
  EXPECT_EQ(outcome(reader.reattach()), "ok");
  EXPECT_EQ(read_number(reader), "10");
}

}  // namespace
}  // namespace evo::test
