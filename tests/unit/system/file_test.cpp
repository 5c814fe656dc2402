// SPDX-License-Identifier: Apache-2.0
#include "system/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "child_process.hpp"
#include "file_bytes.hpp"
#include "outcome.hpp"
#include "segment_holder.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

using detail::FileDescriptor;
using detail::UnnamedFile;

TEST(FileDescriptor, OwnsUntilMovedOrReleased) {
  const auto is_open = [](int fd) { return ::fcntl(fd, F_GETFD) >= 0; };
  int number = -1;
  {
    FileDescriptor first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = first.get();
    FileDescriptor second(std::move(first));
    EXPECT_FALSE(first.valid());
    EXPECT_EQ(second.get(), number);
    FileDescriptor third;
    EXPECT_FALSE(third.valid());
    third = std::move(second);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
  {
    FileDescriptor released(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = released.release();
  }
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

class OpenChecked : public testing::Test {
 protected:
  OpenChecked() : path_(directory_.path() / "file") {}

  void make(mode_t mode) const {
    std::ofstream(path_) << "some text";
    ::chmod(path_.c_str(), mode);
  }
  [[nodiscard]] Result<detail::OpenedFile> open(int flags = O_RDWR, mode_t allowed = 0600,
                                                Access access = Access::Owner) const {
    return detail::open_checked(directory_.domain(), path_.string(), {flags, allowed, access});
  }

  TemporaryDomain directory_;
  std::filesystem::path path_;
};

TEST_F(OpenChecked, TellsSizeAndIdentity) {
  make(0600);
  const auto file = open();
  ASSERT_TRUE(file) << message_of(file);
  EXPECT_EQ(file->size, 9U);
  EXPECT_EQ(file->inode, inode_of(path_));
  EXPECT_TRUE(detail::is_named(path_, file->device, file->inode));
  EXPECT_FALSE(detail::is_named(path_, file->device, file->inode + 1));
  EXPECT_NE(::fcntl(file->fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  std::filesystem::remove(path_);
  EXPECT_FALSE(detail::is_named(path_, file->device, file->inode));
}

TEST_F(OpenChecked, MissingIsNotFound) {
  EXPECT_EQ(outcome(open()), "NotFound");
}

TEST_F(OpenChecked, LinkIsNotFollowed) {
  std::ofstream(directory_.path() / "target") << "x";
  std::filesystem::create_symlink(directory_.path() / "target", path_);
  const auto file = open();
  EXPECT_EQ(outcome(file), "Corrupt");
  EXPECT_TRUE(contains(message_of(file), "symbolic link")) << message_of(file);
}

TEST_F(OpenChecked, WhatIsNoFileIsRefusedAtOnce) {
  for (const int flags : {O_RDONLY, O_RDWR}) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    EXPECT_EQ(outcome(open(flags)), "Corrupt") << "a FIFO whose other end is not open";
    ::unlink(path_.c_str());

    ASSERT_EQ(::mkdir(path_.c_str(), 0700), 0);
    EXPECT_EQ(outcome(open(flags)), "Corrupt") << "a directory";
    ::rmdir(path_.c_str());

    const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path_.string().size(), sizeof address.sun_path);
    std::strcpy(address.sun_path, path_.c_str());
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(outcome(open(flags)), "Corrupt") << "a socket";
    ::unlink(path_.c_str());
  }
}

TEST_F(OpenChecked, ModeMustGiveNothingAway) {
  for (const mode_t mode : {0600U, 0400U, 0200U}) {
    make(mode);
    if (::geteuid() == 0 || mode == 0600) {
      EXPECT_EQ(outcome(open()), "ok") << mode;
    }
    std::filesystem::remove(path_);
  }
  for (const mode_t mode : {0601U, 0602U, 0604U, 0640U, 0660U, 0644U, 0666U, 0700U, 04600U}) {
    make(mode);
    const auto file = open();
    EXPECT_EQ(outcome(file), "PermissionDenied") << mode;
    EXPECT_TRUE(contains(message_of(file), fmt::format("mode {:04o}", mode))) << message_of(file);
    std::filesystem::remove(path_);
  }
  make(0660);
  EXPECT_EQ(outcome(open(O_RDWR, 0660, Access::Group)), "ok");
  ::chmod(path_.c_str(), 0664);
  EXPECT_EQ(outcome(open(O_RDWR, 0660, Access::Group)), "PermissionDenied");
}

TEST_F(OpenChecked, StrangersFilesAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  make(0660);
  ASSERT_EQ(::chown(path_.c_str(), 12345, 54321), 0);
  const auto file = open(O_RDWR, 0660);
  EXPECT_EQ(outcome(file), "PermissionDenied");
  EXPECT_TRUE(contains(message_of(file), "belongs to user 12345")) << message_of(file);
  EXPECT_EQ(outcome(open(O_RDWR, 0660, Access::Group)), "PermissionDenied")
      << "not of our group either";
  ASSERT_EQ(::chown(path_.c_str(), 12345, ::getegid()), 0);
  EXPECT_EQ(outcome(open(O_RDWR, 0660, Access::Group)), "ok") << "another user of our group";
  EXPECT_EQ(outcome(open(O_RDWR, 0660, Access::Owner)), "PermissionDenied");
  const auto open_of = [&](uid_t owner) {
    return outcome(detail::open_checked(directory_.domain(), path_.string(),
                                        {O_RDONLY, 0660, Access::Group, owner}));
  };
  EXPECT_EQ(open_of(12345), "ok");
  EXPECT_EQ(open_of(12346), "PermissionDenied") << "of a third user";
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
  EXPECT_EQ(open_of(12345), "PermissionDenied") << "any user can replace it";
  ASSERT_EQ(::chown(directory_.path().c_str(), 12345, ::getegid()), 0);
  EXPECT_EQ(outcome(open(O_RDWR, 0660, Access::Owner)), "ok") << "the owner of the domain";
}

TEST_F(OpenChecked, WhatWeMayNotOpenIsPermissionDenied) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  make(0600);
  const ChildResult child = in_child([&]() -> std::string {
    if (::setresuid(65534, 65534, 65534) != 0) return "setresuid failed";
    return outcome(detail::open_checked(Domain("/"), path_.string(), {O_RDONLY, 0600, {}}));
  });
  EXPECT_EQ(child.text, "PermissionDenied");
}

class MakeFile : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const char* name) const { return directory_.path() / name; }

  TemporaryDomain directory_;
};

TEST_F(MakeFile, HasNoNameUntilItIsLinked) {
  auto file = UnnamedFile::make(directory_.domain(), 5000, 0600);
  ASSERT_TRUE(file) << message_of(file);
  EXPECT_TRUE(directory_.files().empty());
  struct stat status {};
  ASSERT_EQ(::fstat(file->fd(), &status), 0);
  EXPECT_EQ(status.st_size, 5000);
  EXPECT_GE(status.st_blocks * 512, 5000) << "allocated, not a hole";
  ASSERT_TRUE(file->link(path("named")));
  EXPECT_EQ(directory_.files(), std::vector<std::string>{"named"});
  EXPECT_EQ(inode_of(path("named")), status.st_ino);
}

TEST_F(MakeFile, VanishesIfItIsNeverLinked) {
  {
    auto file = UnnamedFile::make(directory_.domain(), 5000, 0600);
    ASSERT_TRUE(file) << message_of(file);
  }
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(MakeFile, DoesNotReplace) {
  auto first = UnnamedFile::make(directory_.domain(), 1, 0600);
  auto second = UnnamedFile::make(directory_.domain(), 2, 0600);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(outcome(first->link(path("name"))), "ok");
  EXPECT_EQ(outcome(second->link(path("name"))), "AlreadyExists");
  EXPECT_EQ(std::filesystem::file_size(path("name")), 1U);
}

TEST_F(MakeFile, HasItsModeWhateverTheUmask) {
  const mode_t old = ::umask(0777);
  auto file = UnnamedFile::make(directory_.domain(), 1, 0640);
  ::umask(old);
  ASSERT_TRUE(file) << message_of(file);
  ASSERT_TRUE(file->link(path("name")));
  EXPECT_EQ(mode_of(path("name")), 0640U);
}

TEST_F(MakeFile, NeedsTheDirectory) {
  const auto file = UnnamedFile::make(Domain(directory_.path() / "none"), 1, 0600);
  EXPECT_EQ(outcome(file), "Io");
}

TEST_F(MakeFile, FileSizeLimitIsAnErrorAndNoSignal) {
  const ChildResult child = in_child([&]() -> std::string {
    const rlimit limit{4096, 4096};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return "setrlimit failed";
    const auto fits = UnnamedFile::make(directory_.domain(), 4096, 0600);
    const auto too_large = UnnamedFile::make(directory_.domain(), 4097, 0600);
    return outcome(fits) + " " + outcome(too_large) + " " + message_of(too_large);
  });
  EXPECT_EQ(child.status, 0);
  EXPECT_TRUE(child.text.starts_with("ok ResourceExhausted ")) << child.text;
  EXPECT_TRUE(contains(child.text, "limit of 4096 bytes")) << child.text;
}

TEST_F(MakeFile, TextIsReplacedWhole) {
  ASSERT_TRUE(detail::replace_text(directory_.domain(), path("text"), 0640, "first"));
  EXPECT_EQ(mode_of(path("text")), 0640U);
  const ino_t first = inode_of(path("text"));
  const FileDescriptor old(::open(path("text").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(detail::replace_text(directory_.domain(), path("text"), 0640, "second, longer"));
  EXPECT_NE(inode_of(path("text")), first) << "a new file, not the same one rewritten";
  std::string text;
  std::getline(std::ifstream(path("text")), text);
  EXPECT_EQ(text, "second, longer");
  std::array<char, 16> before{};
  EXPECT_EQ(::pread(old.get(), before.data(), before.size(), 0), 5)
      << "a process that has the old file open may still read it";
  EXPECT_EQ(directory_.files(), std::vector<std::string>{"text"}) << "no temporary name remains";
}

TEST_F(MakeFile, AnUnfinishedTextIsNoObstacleAndDoesNotStay) {
  // A process was killed after it named its file and before it renamed it.
  std::ofstream(path("text.new")) << "old";
  ASSERT_TRUE(detail::replace_text(directory_.domain(), path("text"), 0600, "whole"));
  std::string text;
  std::getline(std::ifstream(path("text")), text);
  EXPECT_EQ(text, "whole");
  EXPECT_EQ(directory_.files(), std::vector<std::string>{"text"});
}

TEST_F(MakeFile, TextBeyondTheFileSizeLimitIsAnErrorAndNoSignal) {
  const ChildResult child = in_child([&]() -> std::string {
    const rlimit limit{4, 4};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return "setrlimit failed";
    return outcome(detail::replace_text(directory_.domain(), path("text"), 0600, "too long"));
  });
  EXPECT_EQ(child.status, 0);
  EXPECT_EQ(child.text, "ResourceExhausted");
  EXPECT_TRUE(directory_.files().empty());
}

TEST(FileDescriptor, IsNeverAStandardOne) {
  const ChildResult child = in_child([]() -> std::string {
    for (const int standard : {0, 1, 2}) ::close(standard);
    const FileDescriptor fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const bool closes = (::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0;
    return fmt::format("{} {} {}", fd.get() > 2, closes, ::fcntl(0, F_GETFD));
  });
  EXPECT_EQ(child.text, "true true -1");
}

}  // namespace
}  // namespace evo::test
