// SPDX-License-Identifier: Apache-2.0
#include "evo/domain.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>

#include "child_process.hpp"
#include "evo/discovery.hpp"
#include "evo/limits.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"
#include "evo/segment_paths.hpp"
#include "file_bytes.hpp"
#include "outcome.hpp"
#include "segments.hpp"
#include "system/domain_checks.hpp"
#include "system/file.hpp"
#include "system/process_identity.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

/// Sets EVO_DOMAIN for one test and restores the old value.
class DomainVariable {
 public:
  explicit DomainVariable(const char* value) {
    if (const char* old = std::getenv("EVO_DOMAIN")) old_ = old;
    if (value == nullptr) {
      ::unsetenv("EVO_DOMAIN");
    } else {
      ::setenv("EVO_DOMAIN", value, 1);
    }
  }
  DomainVariable(const DomainVariable&) = delete;
  DomainVariable& operator=(const DomainVariable&) = delete;
  ~DomainVariable() {
    if (old_) {
      ::setenv("EVO_DOMAIN", old_->c_str(), 1);
    } else {
      ::unsetenv("EVO_DOMAIN");
    }
  }

 private:
  std::optional<std::string> old_;
};

TEST(Domain, SystemIsTheSharedMemoryMount) {
  EXPECT_EQ(Domain::system().path(), "/dev/shm");
}

TEST(Domain, UserNamesUserAndBoot) {
  const std::string boot = detail::boot_id().text();
  EXPECT_EQ(Domain::user().path(),
            "/dev/shm/evo-" + std::to_string(::geteuid()) + "-" + boot.substr(0, 8));
}

TEST(Domain, UserIsTheEffectiveOne) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const ChildResult child = in_child([]() -> std::string {
    if (::seteuid(54321) != 0) return "seteuid failed";
    return Domain::user().path();
  });
  EXPECT_TRUE(child.text.starts_with("/dev/shm/evo-54321-")) << child.text;
}

/// What a copy of environment_probe prints for user 54321, whose environment requests another
/// domain and other limits.
std::string probe_as_user(mode_t mode) {
  std::string directory = std::filesystem::temp_directory_path() / "evo-test-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) return "mkdtemp failed";
  ::chmod(directory.c_str(), 0755);
  const std::string copy = directory + "/probe";
  std::filesystem::copy_file(EVO_ENVIRONMENT_PROBE, copy);
  ::chmod(copy.c_str(), mode);
  Pipe output;
  Child child([&]() -> std::string {
    ::setenv("EVO_DOMAIN", (directory + "/callers").c_str(), 1);
    ::setenv("EVO_MAX_SEGMENTS_PER_PROCESS", "7", 1);
    ::dup2(output.writing(), STDOUT_FILENO);
    if (::setresgid(54321, 54321, 54321) != 0 || ::setresuid(54321, 54321, 54321) != 0) ::_exit(2);
    ::execl(copy.c_str(), copy.c_str(), nullptr);
    ::_exit(127);
  });
  output.close_writing();
  const std::string said = output.read_all();
  child.join();
  std::filesystem::remove_all(directory);
  return said;
}

TEST(Domain, AProgramWithMoreRightsThanItsCallerDoesNotObeyTheCallersEnvironment) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can create a setuid-root program";
  struct statvfs status {};
  ::statvfs(std::filesystem::temp_directory_path().c_str(), &status);
  if ((status.f_flag & ST_NOSUID) != 0) GTEST_SKIP() << "no setuid programs on this file system";
  const std::string obeying = probe_as_user(0755);
  EXPECT_TRUE(contains(obeying, "/callers\n")) << obeying;
  EXPECT_TRUE(contains(obeying, "segments 7\n")) << obeying;
  const std::string privileged = probe_as_user(04755);
  EXPECT_TRUE(contains(privileged, "domain /dev/shm\n")) << privileged;
  EXPECT_TRUE(contains(privileged, "user /dev/shm/evo-0-")) << privileged;
  EXPECT_TRUE(
      contains(privileged, fmt::format("segments {}\n", ResourceLimits().segments_per_process)))
      << privileged;
}

TEST(Domain, EnvironmentChooses) {
  {
    const DomainVariable unset(nullptr);
    EXPECT_EQ(Domain::from_environment(), Domain::system());
  }
  {
    const DomainVariable system("system");
    EXPECT_EQ(Domain::from_environment(), Domain::system());
  }
  {
    const DomainVariable user("user");
    EXPECT_EQ(Domain::from_environment(), Domain::user());
  }
  {
    const DomainVariable path("/somewhere/else");
    EXPECT_EQ(Domain::from_environment(), Domain("/somewhere/else"));
  }
}

TEST(Domain, EnvironmentIsTheDefaultOfBothEnds) {
  const TemporaryDomain directory;
  const DomainVariable path(directory.path().c_str());
  auto writer = RawStateWriter::create("by_environment", 8);
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(directory.files().size(), 3U);
  auto reader = RawStateReader::attach("by_environment");
  EXPECT_EQ(outcome(reader), "ok");
}

TEST(Domain, EmptyVariableIsAsGoodAsNone) {
  const DomainVariable empty("");
  EXPECT_EQ(Domain::from_environment(), Domain::system());
}

TEST(Domain, RelativePathIsRefusedAtFirstUse) {
  for (const char* value : {"relative/path", "./here", "User"}) {
    const DomainVariable path(value);
    const auto writer = RawStateWriter::create("probe", 8);
    EXPECT_EQ(outcome(writer), "InvalidName") << value;
    EXPECT_TRUE(contains(message_of(writer), "EVO_DOMAIN")) << message_of(writer);
    const auto reader = RawStateReader::attach("probe");
    EXPECT_EQ(outcome(reader), "InvalidName") << value;
    EXPECT_TRUE(contains(message_of(reader), "absolute")) << message_of(reader);
  }
}

TEST(Domain, SegmentNames) {
  const std::string longest(48, 'a');
  for (const std::string& good :
       {std::string("a"), std::string("probe_2"), std::string("a__"), longest, std::string("z9")}) {
    EXPECT_TRUE(validate_segment_name(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("Probe"), std::string("9probe"), std::string("_probe"),
        std::string("pro-be"), std::string("pro be"), std::string("pro/be"), std::string(".."),
        std::string("../probe"), std::string("probe."), std::string("prob\xc3\xa9"),
        std::string("probe\0x", 7), std::string("probe\n"), longest + "a"}) {
    EXPECT_EQ(outcome(validate_segment_name(bad)), "InvalidName") << bad;
  }
}

TEST(Domain, ModuleNamesAreShorter) {
  EXPECT_TRUE(validate_module_name(std::string(32, 'm')));
  EXPECT_EQ(outcome(validate_module_name(std::string(33, 'm'))), "InvalidName");
  EXPECT_EQ(outcome(validate_module_name("")), "InvalidName");
  EXPECT_EQ(outcome(validate_module_name("hal.core")), "InvalidName");
}

TEST(Domain, InvalidNamesMakeNothing) {
  const TemporaryDomain directory;
  EXPECT_EQ(outcome(RawStateWriter::create("Bad", 8, {.domain = directory.domain()})),
            "InvalidName");
  ChannelDescription channel;
  channel.name = "good";
  channel.owner = "not good";
  channel.size = 8;
  EXPECT_EQ(outcome(RawStateWriter::create(channel, {.domain = directory.domain()})),
            "InvalidName");
  EXPECT_EQ(outcome(RawStateReader::attach("../good", {.domain = directory.domain()})),
            "InvalidName");
  EXPECT_TRUE(directory.files().empty());
}

TEST(Domain, DirectoryIsMadeForItsUserAlone) {
  const TemporaryDomain directory;
  EXPECT_EQ(outcome(detail::ensure_directory(Domain(directory.path() / "one" / "two"))), "NotFound")
      << "mistyped";
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "one"));
  const Domain nested(directory.path() / "one");
  ASSERT_TRUE(detail::ensure_directory(nested));
  EXPECT_TRUE(detail::ensure_directory(Domain(directory.path() / "other/")))
      << "with a trailing slash";
  EXPECT_TRUE(std::filesystem::is_directory(nested.path()));
  EXPECT_EQ(mode_of(nested.path()), 0700U);
  EXPECT_TRUE(detail::ensure_directory(nested)) << "again";
}

TEST(Domain, ReadersMakeNoDirectory) {
  const TemporaryDomain directory;
  const Domain nested(directory.path() / "none");
  EXPECT_EQ(outcome(RawStateReader::attach("probe", {.domain = nested})), "NotFound");
  EXPECT_FALSE(std::filesystem::exists(nested.path()));
}

TEST(Domain, FileInPlaceOfTheDirectoryIsRefused) {
  const TemporaryDomain directory;
  const Domain file(directory.path() / "file");
  std::ofstream(file.path()) << "x";
  const auto made = detail::ensure_directory(file);
  EXPECT_EQ(outcome(made), "InvalidName");
  EXPECT_TRUE(contains(message_of(made), "not a directory")) << message_of(made);
  EXPECT_EQ(outcome(RawStateWriter::create("probe", 8, {.domain = file})), "InvalidName");
  EXPECT_EQ(outcome(RawStateReader::attach("probe", {.domain = file})), "NotFound");
  EXPECT_FALSE(detail::ensure_directory(Domain(file.path() + "/below")));
}

TEST(Domain, DanglingLinkInPlaceOfTheDirectoryIsAnError) {
  const TemporaryDomain directory;
  const std::filesystem::path link = directory.path() / "link";
  std::filesystem::create_symlink(directory.path() / "nowhere", link);
  EXPECT_FALSE(RawStateWriter::create("probe", 8, {.domain = Domain(link)}));
}

/// A user's own domain that does not exist yet, and what others may plant in its place.
class UserDomain : public testing::Test {
 protected:
  // Its domain has one name on the machine, and several of these tests may run at the same time.
  static inline const uid_t kVictim = 1'000'000 + 2 * static_cast<uid_t>(::getpid());
  static inline const uid_t kAttacker = kVictim + 1;
  static constexpr gid_t kGroup = 54321;  // of both

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
    path_ = in_child([&]() -> std::string {
              become(kVictim);
              return Domain::user().path();
            }).text;
    std::filesystem::remove_all(path_);
    ::chmod(target().c_str(), 0777);
    ::chown(target().c_str(), kAttacker, kAttacker);
  }
  void TearDown() override {
    if (!path_.empty()) std::filesystem::remove_all(path_);
  }

  [[nodiscard]] const std::filesystem::path& target() const { return directory_.path(); }

  static void become(uid_t user) {
    if (::setresgid(kGroup, kGroup, kGroup) != 0 || ::setresuid(user, user, user) != 0) {
      throw std::runtime_error("cannot become another user");
    }
  }
  template <class Body>
  static std::string as_victim(Body&& body) {
    return in_child([&]() -> std::string {
             become(kVictim);
             return body();
           })
        .text;
  }
  template <class Plant>
  void plant(uid_t user, Plant&& plant) const {
    in_child([&]() -> std::string {
      become(user);
      ::umask(0);
      plant();
      return {};
    });
  }
  void plant_link(uid_t user, const std::filesystem::path& to) const {
    plant(user, [&] { std::filesystem::create_symlink(to, path_); });
  }

  /// What the victim gets: the outcomes of attach, ensure_directory and create, and the message
  /// of create.
  [[nodiscard]] std::string use() const {
    return in_child([&]() -> std::string {
             become(kVictim);
             const Domain domain = Domain::user();
             const auto attached = RawStateReader::attach("probe", {.domain = domain});
             const auto made = detail::ensure_directory(domain);
             const auto writer = RawStateWriter::create("probe", 8, {.domain = domain});
             return outcome(attached) + " " + outcome(made) + " " + outcome(writer) + " " +
                    message_of(writer);
           })
        .text;
  }
  void expect_refused(std::string_view what, std::string_view word) {
    const std::string said = use();
    EXPECT_TRUE(said.starts_with("PermissionDenied PermissionDenied PermissionDenied "))
        << what << ": " << said;
    EXPECT_TRUE(contains(said, word)) << what << ": " << said;
    EXPECT_TRUE(directory_.files().empty()) << what;
    std::filesystem::remove_all(path_);
  }

  TemporaryDomain directory_;
  std::string path_;
};

TEST_F(UserDomain, IsMadeByItsFirstUse) {
  EXPECT_EQ(use(), "NotFound ok ok ");
  EXPECT_EQ(mode_of(path_), 0700U);
  EXPECT_EQ(use(), "NotFound ok ok ") << "again";
}

TEST_F(UserDomain, IsNotWhatOthersHavePlanted) {
  plant_link(kAttacker, target());
  expect_refused("a link to the attacker's directory",
                 fmt::format("is a symbolic link of user {}", kAttacker));
  ::chown(target().c_str(), kVictim, kVictim);
  ::chmod(target().c_str(), 0700);
  plant_link(kAttacker, target());
  expect_refused("an attacker's link to a directory of the user's own", "a symbolic link");
  plant_link(kVictim, target());
  expect_refused("a link of the user's own", fmt::format("is a symbolic link of user {}", kVictim));
  plant_link(kAttacker, "/dev/shm/evo-test-nowhere");
  expect_refused("a dangling link", "a symbolic link");
  plant(kAttacker, [&] { std::ofstream(path_) << "x"; });
  expect_refused("a file", fmt::format("is a file of user {}", kAttacker));
  plant(kAttacker, [&] { ::mkdir(path_.c_str(), 0777); });
  expect_refused("the attacker's directory",
                 fmt::format("belongs to user {} with mode 0777", kAttacker));
  plant(kVictim, [&] { ::mkdir(path_.c_str(), 0720); });
  expect_refused("a directory that others may write", "with mode 0720");
}

TEST_F(UserDomain, IsRecognisedHoweverItIsWritten) {
  plant(kAttacker, [&] { ::mkdir(path_.c_str(), 0755); });
  // The same directory, spelled differently.
  for (const std::string& path :
       {path_ + "/", "/dev//shm/./" + path_.substr(9), "/dev/shm/../shm/" + path_.substr(9)}) {
    EXPECT_EQ(as_victim([&] { return outcome(detail::validate(Domain(path))); }),
              "PermissionDenied")
        << path;
  }
}

TEST_F(UserDomain, TrustsNoOtherOwnerOfItsDirectory) {
  // As between the check and the open: the directory did not exist when it was checked.
  plant(kAttacker, [&] {
    ::mkdir(path_.c_str(), 0755);
    std::ofstream(path_ + "/evo_probe.ctl") << "x";
    ::chmod((path_ + "/evo_probe.ctl").c_str(), 0640);
  });
  for (const Access access : {Access::Owner, Access::Group}) {
    EXPECT_EQ(as_victim([&] {
                return outcome(detail::open_checked(Domain::user(), path_ + "/evo_probe.ctl",
                                                    {O_RDONLY, 0660, access}));
              }),
              "PermissionDenied");
  }
}

TEST_F(UserDomain, IsCheckedAgainByALookThatWaitedForIt) {
  plant(kAttacker, [&] {
    ChannelDescription channel = raw_channel("probe", 8);
    channel.access = Access::Group;
    auto writer = RawStateWriter::create(channel, {.domain = Domain(target())});
    if (writer) die();
  });
  ASSERT_FALSE(directory_.files().empty()) << "the victim may read it, but must not trust it";
  const Pipe started;
  const Pipe planted;
  Child victim([&]() -> std::string {
    become(kVictim);
    auto discovery = SegmentDiscovery::start(Domain::user());
    started.write("x");
    if (!discovery || !planted.await_byte() || !discovery->update()) return "failed";
    const SegmentInfo* info = discovery->find("probe");
    return info == nullptr ? "nothing" : std::string(to_string(info->condition));
  });
  ASSERT_TRUE(started.await_byte());
  plant_link(kAttacker, target());
  planted.write("x");
  EXPECT_EQ(victim.join().text, "Unreadable");
}

TEST(Domain, FileNames) {
  const Domain domain("/d");
  EXPECT_EQ(data_path(domain, "hal_core", "phys_input_io", 42), "/d/evo_hal_core_phys_input_io_42");
  EXPECT_EQ(meta_path(domain, "phys_input_io"), "/d/evo_phys_input_io.meta");
  EXPECT_EQ(control_path(domain, "phys_input_io"), "/d/evo_phys_input_io.ctl");
}

}  // namespace
}  // namespace evo::test
