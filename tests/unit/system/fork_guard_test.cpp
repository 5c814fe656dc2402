// SPDX-License-Identifier: Apache-2.0
/// A forked child is neither a second writer nor a second reader.
#include "system/fork_guard.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <thread>

#include "attachment/control.hpp"
#include "evo/format.hpp"
#include "evo/raw_stream_reader.hpp"
#include "evo/raw_stream_writer.hpp"
#include "segments.hpp"
#include "system/kernel_lock.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class Forked : public testing::Test {
 protected:
  Forked() {
    auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()});
    if (!writer) throw std::runtime_error(writer.error().message);
    writer_.emplace(std::move(*writer));
    writer_->write(bytes_of(std::uint64_t{1}));
  }

  [[nodiscard]] RawStateReader attach() const {
    auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
    if (!reader) throw std::runtime_error(reader.error().message);
    return std::move(*reader);
  }

  TemporaryDomain directory_;
  std::optional<RawStateWriter> writer_;
};

TEST_F(Forked, ChildsWriterIsFencedAndWritesNothing) {
  RawStateReader reader = attach();
  const ChildResult child = in_child([&]() -> std::string {
    const std::uint64_t two = 2;
    return outcome(writer_->write(bytes_of(two))) + " " +
           outcome(writer_->write_at(0, bytes_of(two)));
  });
  EXPECT_EQ(child.text, "Fenced Fenced");
  EXPECT_EQ(read_number(reader), "1");
  EXPECT_EQ(reader.version(), 2U);
  EXPECT_EQ(outcome(writer_->write(bytes_of(std::uint64_t{3}))), "ok") << "the parent continues";
  EXPECT_EQ(read_number(reader), "3");
}

TEST_F(Forked, ChildsWriterRemovesNothingAtItsEnd) {
  const auto before = directory_.files();
  const ChildResult child = in_child([&]() -> std::string {
    writer_.reset();
    return "destroyed";
  });
  EXPECT_EQ(child.text, "destroyed");
  EXPECT_EQ(child.status, 0);
  EXPECT_EQ(directory_.files(), before);
  RawStateReader reader = attach();
  EXPECT_EQ(to_string(reader.writer_state()), "Alive");
  EXPECT_EQ(outcome(writer_->write(bytes_of(std::uint64_t{2}))), "ok");
}

TEST_F(Forked, ChildsReaderIsDetached) {
  RawStateReader reader = attach();
  EXPECT_EQ(read_number(reader), "1");
  const ChildResult child = in_child([&]() -> std::string {
    const std::string said = read_number(reader);
    static_cast<void>(reader.wait_for_change(std::chrono::milliseconds(1)));
    RawStateReader own = attach();
    return fmt::format("{} {}", said, read_number(own));
  });
  EXPECT_EQ(child.text, "Detached 1");
  EXPECT_EQ(read_number(reader), "1") << "the parent's reader is unaffected";
}

TEST_F(Forked, ChildsReaderKnowsThatItCannotTellTheWritersState) {
  RawStateReader reader = attach();
  const ChildResult child = in_child([&]() -> std::string {
    std::string said(to_string(reader.writer_state()));
    if (auto again = reader.reattach(); !again) return again.error().message;
    return said + " " + std::string(to_string(reader.writer_state())) + " " + read_number(reader);
  });
  EXPECT_EQ(child.text, "Detached Alive 1");
}

TEST_F(Forked, ChildsReaderAttachesAgainWhileTheTableHasRoom) {
  ChannelDescription channel = raw_channel("small", 8);
  channel.max_readers = 1;
  auto writer = RawStateWriter::create(channel, {.domain = directory_.domain()});
  ASSERT_TRUE(writer);
  auto reader = RawStateReader::attach("small", {.domain = directory_.domain()});
  ASSERT_TRUE(reader);
  const ChildResult child = in_child([&]() -> std::string {
    // The parent holds the only entry, and keeps it.
    return outcome(reader->reattach()) + " " + read_number(*reader);
  });
  EXPECT_EQ(child.text, "ReaderTableFull Detached");
  EXPECT_EQ(to_string(reader->writer_state()), "Alive");
}

TEST_F(Forked, ChildsStreamHasNoValues) {
  ChannelDescription channel = raw_channel("stream", 8);
  channel.kind = Kind::Stream;
  channel.slots = 4;
  auto writer = RawStreamWriter::create(channel, {.domain = directory_.domain()});
  ASSERT_TRUE(writer);
  auto reader = RawStreamReader::attach("stream", {.domain = directory_.domain()});
  ASSERT_TRUE(reader);
  for (std::uint64_t n = 41; n <= 43; ++n) ASSERT_TRUE(writer->push(bytes_of(n)));
  const ChildResult child = in_child([&]() -> std::string {
    std::uint64_t value = 0;
    const auto next = [&] {
      const auto item = reader->next(std::as_writable_bytes(std::span(&value, 1)));
      return item ? fmt::format("{} ", value) : std::string("nothing ");
    };
    std::string said = next();
    reader->seek_latest();
    said += next();
    reader->seek_oldest();
    said += next();
    reader->seek_to(0);
    said += next();
    said += reader->wait_for_next(std::chrono::milliseconds(1)) ? "there " : "none ";
    said += reader->is_detached() ? "detached " : "attached ";
    said += to_string(reader->writer_state());
    if (auto again = reader->reattach(); !again) return again.error().message;
    return said + " " + next() + (reader->is_detached() ? "detached" : "attached");
  });
  EXPECT_EQ(child.text, "nothing nothing nothing nothing none detached Detached 43 attached");
}

TEST_F(Forked, ChildsReaderFreesNoEntryAtItsEnd) {
  std::optional<RawStateReader> reader = attach();
  const ChildResult child = in_child([&]() -> std::string {
    reader.reset();
    return "destroyed";
  });
  EXPECT_EQ(child.text, "destroyed");
  auto control = detail::open_control(directory_.domain(), "probe", Access::Owner);
  ASSERT_TRUE(control) << message_of(control);
  EXPECT_TRUE(detail::is_locked(control->fd.get(), reader_lock_byte(0)));
  EXPECT_EQ((*control)->readers()[0].pid.load(), static_cast<std::uint32_t>(::getpid()));
}

TEST_F(Forked, DescriptorThatTheChildOpensInItsPlaceStaysOpen) {
  std::optional<RawStateReader> reader = attach();
  const ChildResult child = in_child([&]() -> std::string {
    // The handler has closed the guarded descriptors; the lowest numbers are reused.
    std::array<int, 8> mine{};
    for (int& fd : mine) fd = ::open("/dev/null", O_RDONLY);
    writer_.reset();
    reader.reset();
    for (const int fd : mine) {
      if (::fcntl(fd, F_GETFD) < 0) return "closed a descriptor of another owner";
    }
    return "all open";
  });
  EXPECT_EQ(child.text, "all open");
}

TEST(ClosedDescriptors, LeaveTheLockAndThoseWhoGotTheirNumbers) {
  const TemporaryDomain directory;
  const ChildResult child = in_child([&]() -> std::string {
    auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
    std::optional<RawStateReader> reader =
        RawStateReader::attach("probe", {.domain = directory.domain()}).value();
    // As some libraries do, except for the pipe on which this test reports.
    for (int fd = 3; fd < 64; ++fd) {
      std::error_code error;
      const auto file = std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", fd), error);
      if (!error && file.native().starts_with("/dev/shm")) ::close(fd);
    }
    std::string said(to_string(reader->writer_state()));
    std::array<int, 4> mine{};
    for (int& fd : mine) fd = ::open("/dev/null", O_RDONLY);
    said += " " + std::string(to_string(reader->writer_state()));
    said += " " + outcome(writer->write(bytes_of(std::uint64_t{5})));
    said += " " + read_number(*reader);
    said += " " + outcome(RawStateWriter::create(raw_channel("probe", 8),
                                                 {.domain = directory.domain()}));
    reader.reset();
    writer = tl::unexpected(Error{});
    for (const int fd : mine) {
      if (::fcntl(fd, F_GETFD) < 0) return "closed a descriptor of another file";
    }
    return said;
  });
  EXPECT_EQ(child.text, "Detached Detached ok 5 SegmentBusy");
}

/// The outcome for a blocking stream, whose reader holds the writer back, after all descriptors of
/// the domain were closed. `reuse` opens files in their place.
template <class Reuse>
std::string push_after_closing_descriptors(Reuse&& reuse) {
  const TemporaryDomain directory;
  ChannelDescription channel = raw_channel("stream", 8);
  channel.kind = Kind::Stream;
  channel.overflow = Overflow::Block;
  channel.slots = 4;
  return in_child([&]() -> std::string {
           auto writer = RawStreamWriter::create(channel, {.domain = directory.domain()});
           auto reader = RawStreamReader::attach("stream", {.domain = directory.domain()});
           const auto push = [&] { return outcome(writer->push(bytes_of(std::uint64_t{1}))); };
           while (push() == "ok") {
           }
           for (int fd = 3; fd < 64; ++fd) {
             std::error_code error;
             const auto file =
                 std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", fd), error);
             if (!error && file.native().starts_with(directory.path().native())) ::close(fd);
           }
           const auto opened = reuse(directory);
           std::string said = push();
           writer = tl::unexpected(Error{});
           for (const int fd : opened) {
             if (::fcntl(fd, F_GETFD) < 0) return "closed another descriptor";
           }
           return said + (std::filesystem::exists(directory.path() / "evo_stream.ctl") ? " there"
                                                                                       : " gone");
         })
      .text;
}

TEST(ClosedDescriptors, LockOfAnotherFileSaysNothingOfReaders) {
  EXPECT_EQ(push_after_closing_descriptors([](const TemporaryDomain& directory) {
              std::array<int, 8> logs{};
              const auto path = directory.path() / "log";
              for (int& fd : logs) fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
              return logs;
            }),
            "WouldBlock there");
}

TEST(ClosedDescriptors, AnotherOpenFileOfTheSameControlFileIsNotOurs) {
  EXPECT_EQ(push_after_closing_descriptors([](const TemporaryDomain& directory) {
              std::array<int, 8> others{};
              const auto path = directory.path() / "evo_stream.ctl";
              for (int& fd : others) fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
              return others;
            }),
            "WouldBlock there");
}

TEST_F(Forked, ChildHasNoDescriptorOfAFileThatIsBeingMade) {
  auto file = detail::UnnamedFile::make(directory_.domain(), 4096, 0600);
  ASSERT_TRUE(file) << message_of(file);
  const int fd = file->fd();
  EXPECT_EQ(
      in_child([&] { return std::string(::fcntl(fd, F_GETFD) < 0 ? "closed" : "open"); }).text,
      "closed");
}

TEST_F(Forked, ChildCannotCreateWhileTheParentLives) {
  const ChildResult child = in_child([&]() -> std::string {
    const auto second =
        RawStateWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()});
    return outcome(second) + " " + message_of(second);
  });
  EXPECT_TRUE(child.text.starts_with("SegmentBusy ")) << child.text;
  EXPECT_TRUE(contains(child.text, fmt::format("pid {} ", ::getpid()))) << child.text;
}

TEST_F(Forked, GrandchildIsNoWriterEither) {
  const ChildResult child = in_child([&]() -> std::string {
    const int reused = ::open("/dev/null", O_RDONLY);
    return in_child([&]() -> std::string {
             const std::string wrote = outcome(writer_->write(bytes_of(std::uint64_t{9})));
             return wrote + (::fcntl(reused, F_GETFD) < 0 ? " closed" : " open");
           })
        .text;
  });
  EXPECT_EQ(child.text, "Fenced open");
}

TEST_F(Forked, SegmentMadeAfterTheForkIsTheChildsOwn) {
  const ChildResult child = in_child([&]() -> std::string {
    auto own = RawStateWriter::create(raw_channel("own", 8), {.domain = directory_.domain()});
    if (!own) return own.error().message;
    return outcome(own->write(bytes_of(std::uint64_t{1})));
  });
  EXPECT_EQ(child.text, "ok");
}

TEST(ForkedWriter, DeathOfTheParentFreesTheLockAlthoughItsChildLives) {
  const TemporaryDomain directory;
  const Pipe ready;   // the grandchild runs
  const Pipe finish;  // the grandchild may end
  Child parent([&]() -> std::string {
    auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
    if (!writer) return writer.error().message;
    writer->write(bytes_of(std::uint64_t{7}));
    const pid_t grandchild = ::fork();
    if (grandchild == 0) {
      ready.write("x");
      static_cast<void>(finish.await_byte());
      ::_exit(0);
    }
    ::pause();
    return "";
  });
  ASSERT_TRUE(ready.await_byte());
  ::kill(parent.pid(), SIGKILL);
  ::waitpid(parent.pid(), nullptr, 0);

  auto reader = RawStateReader::attach("probe", {.domain = directory.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(to_string(reader->writer_state()), "Dead");
  EXPECT_EQ(read_number(*reader), "7");
  auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
  EXPECT_EQ(outcome(writer), "ok") << message_of(writer);
  finish.write("x");
}

detail::GuardedDescriptor open_guarded(const std::string& path) {
  const detail::ForkPause held;
  return {detail::FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)), held};
}

TEST(ForkGuard, KnowsTheChildsCopy) {
  const TemporaryDomain directory;
  detail::GuardedDescriptor guard = open_guarded(directory.path() / "file");
  const int fd = guard.get();
  EXPECT_FALSE(guard.in_forked_child());
  EXPECT_FALSE(detail::GuardedDescriptor().in_forked_child()) << "guards nothing";
  detail::GuardedDescriptor moved(std::move(guard));
  detail::GuardedDescriptor assigned;
  assigned = std::move(moved);
  const ChildResult child = in_child([&]() -> std::string {
    return std::string(assigned.in_forked_child() ? "child's" : "own") +
           (::fcntl(fd, F_GETFD) < 0 ? " closed" : " open");
  });
  EXPECT_EQ(child.text, "child's closed");
  EXPECT_FALSE(assigned.in_forked_child());
  EXPECT_GE(::fcntl(fd, F_GETFD), 0);
}

TEST(ForkGuard, ForgetsWhatIsGone) {
  const TemporaryDomain directory;
  int fd = -1;
  {
    const auto guard = open_guarded(directory.path() / "file");
    fd = guard.get();
  }
  EXPECT_LT(::fcntl(fd, F_GETFD), 0) << "closed by its destructor";
  ASSERT_EQ(::open("/dev/null", O_RDONLY | O_CLOEXEC), fd) << "the lowest number is reused";
  const ChildResult child =
      in_child([&]() -> std::string { return ::fcntl(fd, F_GETFD) < 0 ? "closed" : "open"; });
  EXPECT_EQ(child.text, "open");
  ::close(fd);
}

TEST(ForkGuard, EndFreesTheLocksAlthoughACopyIsOpen) {
  // The copy stands for a child that is being spawned.
  const TemporaryDomain directory;
  const std::string path = directory.path() / "file";
  int copy = -1;
  {
    const auto guard = open_guarded(path);
    ASSERT_TRUE(detail::try_lock(guard.get(), 0).value());
    ASSERT_TRUE(detail::try_lock(guard.get(), 7).value());
    copy = ::fcntl(guard.get(), F_DUPFD_CLOEXEC, 0);
  }
  const auto other = open_guarded(path);
  EXPECT_FALSE(detail::is_locked(other.get(), 0, 100));
  ::close(copy);
}

bool threads_may_fork() {
#if defined(__SANITIZE_THREAD__)
  return false;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
  return false;
#endif
#endif
  return true;
}

TEST(ForkGuard, NoChildOfAnotherThreadEverHoldsALock) {
  if (!threads_may_fork()) {
    GTEST_SKIP() << "ThreadSanitizer does not support threads together with fork";
  }
  const TemporaryDomain directory;
  const std::string path = directory.path() / "file";
  std::atomic<bool> stop{false};
  std::atomic<int> stuck{0};
  std::atomic<int> rounds{0};
  std::thread other([&] {
    for (; !stop; ++rounds) {
      const auto guard = open_guarded(path);
      const auto locked = detail::try_lock(guard.get(), 0);
      if (!locked || !*locked) ++stuck;
    }
  });
  std::array<pid_t, 8> children{};
  for (std::size_t i = 0; i < 400 || rounds < 100; ++i) {
    pid_t& child = children[i % children.size()];
    if (child > 0) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
    child = ::fork();
    if (child == 0) {
      { const auto own = open_guarded(path + "2"); }  // the fork handlers left it usable
      ::pause();
    }
    ASSERT_GT(child, 0);
  }
  stop = true;
  other.join();
  for (const pid_t child : children) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  EXPECT_EQ(stuck, 0) << "of " << rounds << " locks a child held the one before";
}

}  // namespace
}  // namespace evo::test
