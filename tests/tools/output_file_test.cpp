// SPDX-License-Identifier: Apache-2.0
/// Files that are written in parts: complete or not at all, and only where they should be.

#include "text/output_file.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "child_process.hpp"
#include "evo/format.hpp"
#include "temporary_domain.hpp"
#include "text/whole_file.hpp"

namespace evo::test {
namespace {

namespace fs = std::filesystem;
using tools::OutputFile;
using tools::write_whole_file;

constexpr uid_t kOther = 65533;

class OutputFileTest : public testing::Test {
 protected:
  [[nodiscard]] fs::path path(std::string_view name) const { return directory_.path() / name; }
  [[nodiscard]] std::vector<std::string> names() const { return directory_.files(); }
  void put(std::string_view name, std::string_view text) const {
    std::ofstream(path(name)) << text;
  }
  [[nodiscard]] std::string text_of(std::string_view name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] struct stat status_of(std::string_view name) const {
    struct stat status {};
    EXPECT_EQ(::lstat(path(name).c_str(), &status), 0) << name;
    return status;
  }
  [[nodiscard]] ErrorCode code_of(const fs::path& file) const {
    const auto written = write_whole_file(file, "new");
    return written ? ErrorCode::AlreadyExists : written.error().code;
  }

  TemporaryDomain directory_;
};

TEST_F(OutputFileTest, IsThereOnceItIsCommitted) {
  auto file = OutputFile::open(path("out")).value();
  EXPECT_TRUE(file.write("one "));
  const std::string large(100'000, 'x');
  EXPECT_TRUE(file.write(large));
  EXPECT_TRUE(file.write(" two"));
  EXPECT_FALSE(fs::exists(path("out")));
  EXPECT_TRUE(file.commit());
  EXPECT_EQ(text_of("out"), "one " + large + " two");
  EXPECT_EQ(names(), std::vector<std::string>{"out"});
}

TEST_F(OutputFileTest, WithoutCommitTheFileStaysAsItWas) {
  put("out", "old");
  {
    auto file = OutputFile::open(path("out")).value();
    EXPECT_TRUE(file.write(std::string(100'000, 'x')));
  }
  EXPECT_EQ(text_of("out"), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"out"});
}

TEST_F(OutputFileTest, KeepsModeAndOwner) {
  for (const mode_t mode : {0600U, 0640U, 0666U, 0444U}) {
    put("out", "old");
    ASSERT_EQ(::chmod(path("out").c_str(), mode), 0);
    ASSERT_TRUE(write_whole_file(path("out"), "new"));
    EXPECT_EQ(status_of("out").st_mode & 07777U, mode);
    EXPECT_EQ(text_of("out"), "new");
    fs::remove(path("out"));
  }
  if (::geteuid() != 0) return;
  put("out", "old");
  ASSERT_EQ(::chown(path("out").c_str(), kOther, kOther), 0);
  ASSERT_TRUE(write_whole_file(path("out"), "new"));
  EXPECT_EQ(status_of("out").st_uid, kOther);
  EXPECT_EQ(status_of("out").st_gid, kOther);
}

TEST_F(OutputFileTest, AGroupThatCannotBeKeptHasNoRights) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can create files of another user";
  put("out", "old");
  ASSERT_EQ(::chown(path("out").c_str(), kOther, kOther), 0);
  ASSERT_EQ(::chmod(path("out").c_str(), 0664), 0);
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
  const ChildResult result = in_child([&]() -> std::string {
    if (::setgid(kOther - 1) != 0 || ::setuid(kOther - 1) != 0) return "setuid failed";
    const auto written = write_whole_file(path("out"), "new");
    return written ? "" : written.error().message;
  });
  EXPECT_EQ(result.text, "");
  EXPECT_EQ(status_of("out").st_uid, kOther - 1);
  EXPECT_EQ(status_of("out").st_mode & 07777U, 0604U);
}

TEST_F(OutputFileTest, ANewFileFollowsTheUmask) {
  const mode_t before = ::umask(027);
  ASSERT_TRUE(write_whole_file(path("out"), "new"));
  ASSERT_TRUE(write_whole_file(path("private"), "new", 0600));
  ::umask(before);
  EXPECT_EQ(status_of("out").st_mode & 07777U, 0640U);
  EXPECT_EQ(status_of("private").st_mode & 07777U, 0600U);
}

TEST_F(OutputFileTest, AFileWithSeveralNamesIsRefused) {
  put("out", "old");
  fs::create_hard_link(path("out"), path("other"));
  const auto written = write_whole_file(path("out"), "new");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("hard links"), std::string::npos);
  EXPECT_EQ(text_of("out"), "old");
  EXPECT_EQ(status_of("out").st_ino, status_of("other").st_ino);
}

TEST_F(OutputFileTest, FollowsOwnLinksWhereverTheyLead) {
  fs::create_directories(path("far/away"));
  fs::create_directory_symlink("far/away/", path("near"));
  fs::create_symlink("../target", path("far/away/relative"));
  fs::create_symlink(path("far/absolute_target"), path("absolute"));
  ASSERT_TRUE(write_whole_file(path("near/relative"), "one"));
  ASSERT_TRUE(write_whole_file(path("absolute"), "two"));
  ASSERT_TRUE(write_whole_file(path("far/.././near/../three"), "three"));
  EXPECT_EQ(text_of("far/target"), "one");
  EXPECT_EQ(text_of("far/absolute_target"), "two");
  EXPECT_EQ(text_of("far/three"), "three");
  EXPECT_TRUE(fs::is_symlink(path("far/away/relative")));
  EXPECT_TRUE(fs::is_symlink(path("absolute")));
}

TEST_F(OutputFileTest, SaysWhatIsWrongWithAPath) {
  put("file", "old");
  fs::create_symlink("circle", path("circle"));
  EXPECT_EQ(code_of(path("none/out")), ErrorCode::NotFound);
  EXPECT_EQ(code_of(path("file/out")), ErrorCode::NotFound);
  EXPECT_EQ(code_of(path("circle")), ErrorCode::Io);
  EXPECT_EQ(code_of(directory_.path()), ErrorCode::Io);
  EXPECT_EQ(code_of(directory_.path() / ""), ErrorCode::Io);
  EXPECT_EQ(code_of(path("out/")), ErrorCode::NotFound);
  EXPECT_EQ(code_of("/"), ErrorCode::Io);
  EXPECT_EQ(code_of(""), ErrorCode::NotFound);
  EXPECT_EQ(code_of("/dev/full"), ErrorCode::NoSpace);
  EXPECT_EQ(names(), (std::vector<std::string>{"circle", "file"}));
}

TEST_F(OutputFileTest, ALinkThatIsPlantedInTheMeantimeIsReplaced) {
  put("victim", "old");
  auto file = OutputFile::open(path("out")).value();
  ASSERT_TRUE(file.write("new"));
  fs::create_symlink(path("victim"), path("out"));
  ASSERT_TRUE(file.commit());
  EXPECT_EQ(text_of("victim"), "old");
  EXPECT_TRUE(S_ISREG(status_of("out").st_mode));
  EXPECT_EQ(text_of("out"), "new");
}

TEST_F(OutputFileTest, ADirectoryThatIsExchangedInTheMeantimeLeadsNowhereElse) {
  fs::create_directory(path("here"));
  fs::create_directory(path("there"));
  auto file = OutputFile::open(path("here/out")).value();
  ASSERT_TRUE(file.write("new"));
  fs::rename(path("here"), path("moved"));
  fs::create_directory_symlink("there", path("here"));
  ASSERT_TRUE(file.commit());
  EXPECT_TRUE(fs::is_empty(path("there")));
  EXPECT_EQ(text_of("moved/out"), "new");
}

TEST_F(OutputFileTest, LinksOfAnotherUserAreNotFollowed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can create links of another user";
  put("victim", "old");
  fs::create_directory(path("inner"));
  fs::create_symlink("victim", path("file_link"));
  fs::create_directory_symlink("inner", path("directory_link"));
  for (const char* name : {"file_link", "directory_link"}) {
    ASSERT_EQ(::lchown(path(name).c_str(), kOther, kOther), 0);
  }
  EXPECT_EQ(code_of(path("file_link")), ErrorCode::PermissionDenied);
  EXPECT_EQ(code_of(path("directory_link/out")), ErrorCode::PermissionDenied);
  EXPECT_EQ(text_of("victim"), "old");
  EXPECT_TRUE(fs::is_empty(path("inner")));
}

TEST_F(OutputFileTest, AFileThatAnotherUserLaidOutIsNotFilled) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can create files of another user";
  ASSERT_EQ(::chmod(directory_.path().c_str(), 01777), 0);
  put("out", "old");
  ASSERT_EQ(::mkfifo(path("queue").c_str(), 0666), 0);
  for (const char* name : {"out", "queue"}) {
    ASSERT_EQ(::chown(path(name).c_str(), kOther, kOther), 0);
    EXPECT_EQ(code_of(path(name)), ErrorCode::PermissionDenied) << name;
  }
  EXPECT_EQ(text_of("out"), "old");
}

TEST_F(OutputFileTest, NamesOfTheKernelAreWrittenInPlace) {
  Pipe pipe;
  ASSERT_TRUE(write_whole_file(fmt::format("/dev/fd/{}", pipe.writing()), "through a pipe"));
  pipe.close_writing();
  EXPECT_EQ(pipe.read_all(), "through a pipe");
}

TEST_F(OutputFileTest, ASignalWaitsUntilTheTemporaryFileIsGone) {
  put("out", "old");
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    const ChildResult result = in_child([&]() -> std::string {
      const rlimit none{};
      ::setrlimit(RLIMIT_CORE, &none);
      ::signal(signal, SIG_DFL);
      auto file = OutputFile::open(path("out")).value();
      ::raise(signal);
      const auto written = file.write(std::string(100'000, 'x'));
      if (written || written.error().message.find("interrupted") == std::string::npos) ::_exit(3);
      { const OutputFile given_up = std::move(file); }
      ::_exit(4);
    });
    EXPECT_TRUE(result.killed_by(signal)) << signal << ": " << result.status;
    EXPECT_EQ(text_of("out"), "old");
    EXPECT_EQ(names(), std::vector<std::string>{"out"}) << signal;
  }
}

TEST_F(OutputFileTest, ASignalThatIsIgnoredStaysSo) {
  const ChildResult result = in_child([&]() -> std::string {
    ::signal(SIGHUP, SIG_IGN);
    auto file = OutputFile::open(path("out")).value();
    ::raise(SIGHUP);
    if (!file.write(std::string(100'000, 'x')) || !file.commit()) return "failed";
    return "written";
  });
  EXPECT_EQ(result.text, "written");
}

TEST_F(OutputFileTest, AFullDiskLeavesTheOldFile) {
  put("out", "old");
  const ChildResult result = in_child([&]() -> std::string {
    const rlimit small{65536, 65536};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto written = write_whole_file(path("out"), std::string(200'000, 'x'));
    return written ? "written" : std::string(to_string(written.error().code));
  });
  EXPECT_EQ(result.text, to_string(ErrorCode::NoSpace));
  EXPECT_EQ(text_of("out"), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"out"});
}

}  // namespace
}  // namespace evo::test
