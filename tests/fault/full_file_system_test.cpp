// SPDX-License-Identifier: Apache-2.0
/// A full tmpfs: an error when the segment is created, never SIGBUS afterwards.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/statvfs.h>

#include <optional>
#include <thread>

#include "evo/format.hpp"
#include "fault_matrix.hpp"
#include "mounted_tmpfs.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr off_t kBlock = 4096;
constexpr off_t kPages = 256;

class FullFileSystem : public testing::Test {
 protected:
  void SetUp() override {
    const ChildResult probe = in_small_file_system([]() -> std::string { return "mounted"; });
    if (probe.text != "mounted") GTEST_SKIP() << probe.text;
  }

  /// Runs `body()` in a child that alone sees a tmpfs of 1 MiB mounted on the domain.
  template <class Body>
  ChildResult in_small_file_system(Body&& body) const {
    return on_tmpfs(directory_.path(), "size=1m", std::forward<Body>(body));
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 64 * 1024);
};

/// Fills up the file system of a directory.
class Filler {
 public:
  explicit Filler(const std::filesystem::path& directory)
      : fd_(::open((directory / "filler").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw std::runtime_error("cannot create the filler");
  }
  Filler(const Filler&) = delete;
  Filler& operator=(const Filler&) = delete;
  ~Filler() { ::close(fd_); }

  /// Leaves `pages` pages free in an otherwise empty file system.
  void leave_free(off_t pages) const {
    if (::ftruncate(fd_, 0) != 0 || ::posix_fallocate(fd_, 0, (kPages - pages) * kBlock) != 0) {
      throw std::runtime_error("cannot fill the file system");
    }
  }

  /// Takes every free page.
  void take_all() const {
    off_t size = 0;
    while (::posix_fallocate(fd_, size, kBlock) == 0) size += kBlock;
  }

 private:
  int fd_;
};

TEST_F(FullFileSystem, IsNoSpaceAtEveryStepOfCreate) {
  std::size_t tries = 0;
  std::string last;
  for (off_t free_pages = 0; free_pages < kPages && last != "ok"; ++free_pages, ++tries) {
    const ChildResult child = in_small_file_system([&]() -> std::string {
      const Filler filler(directory_.path());
      filler.leave_free(free_pages);
      std::string said = outcome(RawStateWriter::create(channel_, {.domain = directory_.domain()}));
      const std::size_t left = directory_.files().size() - 1;
      return said + (left == 0 ? "" : " and leaves files");
    });
    ASSERT_EQ(child.status, 0) << free_pages << " pages free";
    last = child.text;
    ASSERT_TRUE(last == "ok" || last == "NoSpace") << free_pages << " pages free: " << last;
  }
  EXPECT_EQ(last, "ok");
  tried(tries, "NoSpace until there is room, nothing left behind");
}

TEST_F(FullFileSystem, AfterCreateHurtsNobody) {
  constexpr std::uint64_t kWrites = 20;
  const ChildResult child = in_small_file_system([&]() -> std::string {
    const Filler filler(directory_.path());
    MemoryOptions untouched;
    untouched.prefault = false;  // each page is first touched when no space is free
    auto writer =
        RawStateWriter::create(channel_, {.domain = directory_.domain(), .memory = untouched});
    if (!writer) return message_of(writer);
    filler.take_all();
    for (std::uint64_t n = 1; n <= kWrites; ++n) {
      writer->write(bytes_of(whole_value(channel_.size, n)));
      const std::string read = attach_and_read(directory_.domain(), channel_);
      if (read != std::to_string(n)) return "read " + read;
    }
    writer = tl::unexpected(Error{});
    return std::to_string(directory_.files().size() - 1) + " files left";
  });
  EXPECT_EQ(child.text, "0 files left");
  EXPECT_EQ(child.status, 0) << "SIGBUS is " << SIGBUS;
  tried(kWrites, "every slot is written and read, no SIGBUS");
}

/// The code of an error and its message.
template <class T>
std::string said(const Result<T>& result) {
  return result ? "ok" : fmt::format("{}", result.error());
}

TEST_F(FullFileSystem, WithoutInodesTheErrorSaysWhatIsMissing) {
  // One page for the directory itself, one for the control file, none for the data.
  const ChildResult child =
      on_tmpfs(directory_.path(), "size=1m,nr_inodes=2", [&]() -> std::string {
        return said(RawStateWriter::create(channel_, {.domain = directory_.domain()}));
      });
  EXPECT_TRUE(child.text.starts_with("NoSpace: ")) << child.text;
  EXPECT_NE(child.text.find("no inodes left"), std::string::npos) << child.text;
  tried(1, "no inodes: NoSpace, and the message says nr_inodes");
}

TEST_F(FullFileSystem, MountedReadOnlyTheErrorSaysSo) {
  const ChildResult child = in_small_file_system([&]() -> std::string {
    leave_whole_orphan(directory_.domain(), channel_, 7);
    if (::mount(nullptr, directory_.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) !=
        0) {
      return "cannot remount";
    }
    return said(RawStateWriter::create(channel_, {.domain = directory_.domain()})) + '\n' +
           said(RawStateReader::attach(channel_.name, {.domain = directory_.domain()}));
  });
  std::istringstream lines(child.text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with("Unsupported: ")) << line;
    EXPECT_NE(line.find("mounted read-only"), std::string::npos) << line;
  }
  tried(2, "read-only: Unsupported, and the message says how to remount");
}

/// Used blocks in the file system of a directory.
std::uint64_t taken_blocks(const std::filesystem::path& directory) {
  struct statvfs space {};
  if (::statvfs(directory.c_str(), &space) != 0) throw std::runtime_error("statvfs failed");
  return space.f_blocks - space.f_bfree;
}

/// Whether the file system uses at most `blocks` blocks within a second.
bool is_freed(const std::filesystem::path& directory, std::uint64_t blocks) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (taken_blocks(directory) > blocks) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

TEST_F(FullFileSystem, HasItsMemoryBackWithTheLastEnd) {
  const ChildResult child = in_small_file_system([&]() -> std::string {
    const std::uint64_t before = taken_blocks(directory_.path());
    for (const bool killed : {false, true}) {
      auto writer = std::optional(make_writer(directory_.domain(), channel_));
      publish(*writer, 7);
      const Pipe ready;
      const Pipe leave;
      Child reader([&]() -> std::string {
        const RawStateReader own = make_reader(directory_.domain(), channel_);
        ready.write("x");
        static_cast<void>(leave.await_byte());
        return "";
      });
      if (!ready.await_byte()) return "no reader";
      writer.reset();
      if (taken_blocks(directory_.path()) <= before) return "nothing left for the reader";
      if (killed) {
        reader.kill();
        // A dead reader removes nothing; what it leaves behind is small, and the next endpoint
        // removes it.
        constexpr std::uint64_t kControlBlocks = 16;
        if (!is_freed(directory_.path(), before + kControlBlocks)) return "killed: not freed";
        if (works_again(directory_.domain(), channel_) != "ok") return "does not work again";
      } else {
        leave.write("x");
        reader.join();
      }
      if (!is_freed(directory_.path(), before)) return "not freed";
    }
    return "freed";
  });
  EXPECT_EQ(child.text, "freed");
  tried(2, "closed, last reader ended or killed: the memory is free within 1 s");
}

TEST_F(FullFileSystem, LeavesTheOrphanItsValue) {
  const ChildResult child = in_small_file_system([&]() -> std::string {
    const Filler filler(directory_.path());
    leave_whole_orphan(directory_.domain(), channel_, 7);
    filler.take_all();
    const std::string replaced = outcome(RawStateWriter::create(
        channel_, {.domain = directory_.domain(), .on_orphan = OnOrphan::Replace}));
    const std::string kept = attach_and_read(directory_.domain(), channel_);
    return replaced + " " + kept + " " + works_again(directory_.domain(), channel_);
  });
  EXPECT_EQ(child.text, "NoSpace 7 ok");
  EXPECT_EQ(child.status, 0);
  tried(1, "Replace: NoSpace, the value stays; takeover needs no room");
}

}  // namespace
}  // namespace evo::test
