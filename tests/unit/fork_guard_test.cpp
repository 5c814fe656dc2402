/// A forked child is no second writer and no second reader.
#include "fork_guard.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <thread>

#include "control.hpp"
#include "kernel_lock.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

class Forked : public testing::Test {
 protected:
  Forked() {
    auto writer = SegmentWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()});
    if (!writer) throw std::runtime_error(writer.error().message);
    writer_.emplace(std::move(*writer));
    writer_->write(bytes_of(std::uint64_t{1}));
  }

  [[nodiscard]] SegmentReader attach() const {
    auto reader = SegmentReader::attach("probe", {.domain = directory_.domain()});
    if (!reader) throw std::runtime_error(reader.error().message);
    return std::move(*reader);
  }

  TemporaryDomain directory_;
  std::optional<SegmentWriter> writer_;
};

TEST_F(Forked, ChildsWriterIsFencedAndWritesNothing) {
  SegmentReader reader = attach();
  const ChildResult child = in_child([&]() -> std::string {
    const std::uint64_t two = 2;
    return outcome(writer_->write(bytes_of(two))) + " " +
           outcome(writer_->write_at(0, bytes_of(two)));
  });
  EXPECT_EQ(child.text, "Fenced Fenced");
  EXPECT_EQ(read_number(reader), "1");
  EXPECT_EQ(reader.version(), 2U);
  EXPECT_EQ(outcome(writer_->write(bytes_of(std::uint64_t{3}))), "ok") << "the parent goes on";
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
  SegmentReader reader = attach();
  EXPECT_EQ(to_string(reader.writer_state()), "Alive");
  EXPECT_EQ(outcome(writer_->write(bytes_of(std::uint64_t{2}))), "ok");
}

TEST_F(Forked, ChildsReaderIsDetached) {
  SegmentReader reader = attach();
  EXPECT_EQ(read_number(reader), "1");
  const ChildResult child = in_child([&]() -> std::string {
    std::string said = read_number(reader);
    static_cast<void>(reader.wait_for_change(std::chrono::milliseconds(1)));
    SegmentReader own = attach();
    said += " " + read_number(own);
    return said;
  });
  EXPECT_EQ(child.text, "Detached 1");
  EXPECT_EQ(read_number(reader), "1") << "the parent's reader is as before";
}

TEST_F(Forked, ChildsReaderFreesNoEntryAtItsEnd) {
  std::optional<SegmentReader> reader = attach();
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
  std::optional<SegmentReader> reader = attach();
  const ChildResult child = in_child([&]() -> std::string {
    // The handler has closed the guarded descriptors; the lowest numbers come again.
    std::array<int, 8> mine{};
    for (int& fd : mine) fd = ::open("/dev/null", O_RDONLY);
    writer_.reset();
    reader.reset();
    for (const int fd : mine) {
      if (::fcntl(fd, F_GETFD) < 0) return "closed somebody else's descriptor";
    }
    return "all open";
  });
  EXPECT_EQ(child.text, "all open");
}

TEST_F(Forked, ChildCannotCreateWhileTheParentLives) {
  const ChildResult child = in_child([&]() -> std::string {
    const auto second =
        SegmentWriter::create(raw_channel("probe", 8), {.domain = directory_.domain()});
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
    auto own = SegmentWriter::create(raw_channel("own", 8), {.domain = directory_.domain()});
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
    auto writer = SegmentWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
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

  auto reader = SegmentReader::attach("probe", {.domain = directory.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(to_string(reader->writer_state()), "Dead");
  EXPECT_EQ(read_number(*reader), "7");
  auto writer = SegmentWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
  EXPECT_EQ(outcome(writer), "ok") << message_of(writer);
  finish.write("x");
}

TEST(ForkGuard, KnowsTheChildsCopy) {
  const TemporaryDomain directory;
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const detail::Mapping none;
  detail::ForkGuard guard(fd, none, none);
  EXPECT_FALSE(guard.in_forked_child());
  EXPECT_FALSE(detail::ForkGuard().in_forked_child()) << "guards nothing";
  detail::ForkGuard moved(std::move(guard));
  detail::ForkGuard assigned;
  assigned = std::move(moved);
  const ChildResult child = in_child([&]() -> std::string {
    return std::string(assigned.in_forked_child() ? "child's" : "own") +
           (::fcntl(fd, F_GETFD) < 0 ? " closed" : " open");
  });
  EXPECT_EQ(child.text, "child's closed");
  EXPECT_FALSE(assigned.in_forked_child());
  EXPECT_GE(::fcntl(fd, F_GETFD), 0);
  ::close(fd);
}

TEST(ForkGuard, ForgetsWhatIsGone) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  { const detail::ForkGuard guard(fd, detail::Mapping(), detail::Mapping()); }
  const ChildResult child =
      in_child([&]() -> std::string { return ::fcntl(fd, F_GETFD) < 0 ? "closed" : "open"; });
  EXPECT_EQ(child.text, "open");
  ::close(fd);
}

TEST(ForkGuard, ForkWhileAnotherThreadComesAndGoesDoesNotHang) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer does not support threads beside fork";
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "ThreadSanitizer does not support threads beside fork";
#endif
#endif
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) {
      const detail::ForkGuard guard(-1, detail::Mapping(), detail::Mapping());
    }
  });
  for (int i = 0; i < 200; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      { const detail::ForkGuard guard(-1, detail::Mapping(), detail::Mapping()); }
      ::_exit(0);
    }
    ASSERT_GT(child, 0);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  stop = true;
  other.join();
}

}  // namespace
}  // namespace evo::test
