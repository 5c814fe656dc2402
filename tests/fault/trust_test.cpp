// SPDX-License-Identifier: Apache-2.0
/// The trust model of SECURITY.md, cell by cell: what other users can do to a segment and to its
/// users. Three members of one group, and a stranger.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "evo/cleanup.hpp"
#include "evo/fencing.hpp"
#include "evo/format.hpp"
#include "evo/format/control_file.hpp"
#include "evo/segment_info.hpp"
#include "fault_matrix.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr uid_t kWriter = 1001;
constexpr uid_t kReader = 1002;
constexpr uid_t kAttacker = 1003;
constexpr uid_t kStranger = 1004;
constexpr gid_t kGroup = 2000;
constexpr gid_t kOtherGroup = 3000;

/// A directory as a domain, and what its group is expected to be able to do.
struct Place {
  const char* name;
  uid_t owner;
  mode_t mode;
  bool group_may_make_files;
  const char* group_reads;  // with access: group
};

void PrintTo(const Place& place, std::ostream* out) {
  *out << place.name;
}

constexpr Place kPlaces[] = {
    {"Private", kWriter, 0700, false, "PermissionDenied"},
    {"GroupWritableSticky", 0, 03770, true, "7"},
    {"GroupWritable", 0, 02770, true, "PermissionDenied"},
    {"GroupWritableOfTheWriter", kWriter, 02770, true, "7"},
    {"Public", 0, 01777, true, "7"},
};

class Trusting : public testing::TestWithParam<std::tuple<Place, Access>> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
    ASSERT_EQ(::chown(directory_.path().c_str(), place().owner, kGroup), 0);
    ASSERT_EQ(::chmod(directory_.path().c_str(), place().mode), 0);
    channel_.access = std::get<Access>(GetParam());
  }

  [[nodiscard]] static const Place& place() { return std::get<Place>(GetParam()); }
  [[nodiscard]] Domain domain() const { return directory_.domain(); }
  [[nodiscard]] std::string expected_of_the_group() const {
    return channel_.access == Access::Group ? place().group_reads : "PermissionDenied";
  }

  static void become(uid_t user) {
    const gid_t group = user == kStranger ? kOtherGroup : kGroup;
    if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0 ||
        ::setresuid(user, user, user) != 0) {
      throw std::runtime_error("cannot become another user");
    }
    ::umask(0077);
  }
  template <class Body>
  static ChildResult as(uid_t user, Body&& body) {
    return in_child([&]() -> std::string {
      become(user);
      ::alarm(kHangSeconds);
      return body();
    });
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 256);
};

/// Another user's process with a writer, until the end of the test.
class OtherWriter {
 public:
  template <class Become>
  OtherWriter(const Domain& domain, const ChannelDescription& channel, Become&& become)
      : child_([&, domain, channel]() -> std::string {
          become();
          RawStateWriter writer = make_writer(domain, channel);
          publish(writer, 7);
          ready_.write("x");
          ::pause();
          return "";
        }) {
    ready_.close_writing();
    if (!ready_.await_byte()) throw std::runtime_error("no writer: " + child_.join().text);
  }
  void kill() { child_.kill(); }

 private:
  Pipe ready_;
  Child child_;
};

/// An attack by a member of the group who may only read: a copy of the data file with other values,
/// under a name that the control file then names.
std::string forge(const std::filesystem::path& directory) {
  const int fd = ::open((directory / "evo_probe.ctl").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return "no control file";
  auto* const control = static_cast<ControlFile*>(
      ::mmap(nullptr, sizeof(ControlFile), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  const std::uint32_t current = control->current & 1U;
  const auto original =
      directory / fmt::format("evo_tester_probe_{}", control->data_files[current].pid.load());
  std::ifstream file(original, std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.size() < sizeof(SegmentHeader)) return "no data file";
  auto* const header = reinterpret_cast<SegmentHeader*>(bytes.data());
  auto layout = detail::read_header(std::as_bytes(std::span(bytes)), bytes.size(), "copy");
  if (!layout) return layout.error().message;
  layout->generation = control->generation + 1000;
  detail::write_header(*header, *layout, header->created_ns);
  const auto lie = whole_value(layout->geometry.payload_size, 666);
  for (std::uint32_t i = 0; i < layout->geometry.count; ++i) {
    std::memcpy(bytes.data() + layout->slots_offset + i * layout->geometry.stride +
                    layout->geometry.payload_offset,
                lie.data(), layout->geometry.payload_size);
  }
  const auto forged = directory / "evo_tester_probe_4000000000";
  std::ofstream(forged, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (::chmod(forged.c_str(), 0640) != 0) return "cannot create files";
  control->data_files[current].pid = 4'000'000'000U;
  control->generation = layout->generation;
  return "forged";
}

TEST_P(Trusting, GroupReadsWhereItMay) {
  const OtherWriter writer(domain(), channel_, [] { become(kWriter); });
  const auto reads = [&](uid_t user) {
    return as(user, [&] { return attach_and_read(domain(), channel_); }).text;
  };
  EXPECT_EQ(reads(kWriter), "7");
  EXPECT_EQ(reads(kReader), expected_of_the_group());
  EXPECT_EQ(reads(kStranger), "PermissionDenied");
  tried(3, "the writer's user reads 7, the group " + expected_of_the_group() + ", a stranger not");
}

TEST_P(Trusting, NoReaderTakesAForgedValue) {
  const OtherWriter writer(domain(), channel_, [] { become(kWriter); });
  const Pipe attached;
  const Pipe attacked;
  Child reader([&]() -> std::string {
    become(kReader);
    auto mine = RawStateReader::attach(channel_, {.domain = domain()});
    attached.write("x");
    static_cast<void>(attacked.await_byte());
    std::string said = mine ? read_whole(*mine) : "-";
    if (mine && mine->reattach()) said += " " + read_whole(*mine);
    return said + " " + attach_and_read(domain(), channel_);
  });
  ASSERT_TRUE(attached.await_byte());
  const std::string attack = as(kAttacker, [&] { return forge(directory_.path()); }).text;
  attacked.write("x");
  const std::string said = reader.join().text;
  EXPECT_FALSE(contains(said, "666")) << said;
  if (expected_of_the_group() == "7" && place().group_may_make_files) {
    EXPECT_EQ(attack, "forged");
    EXPECT_TRUE(contains(said, "PermissionDenied")) << said;
  }
  tried(1, attack + ": " + said);
}

TEST_P(Trusting, NoReaderTakesAForgedValueOfAWriterThatFoundTheSegment) {
  if ((place().mode & S_ISVTX) == 0 || channel_.access != Access::Group) {
    GTEST_SKIP() << "the attacker cannot create a segment here that other users accept";
  }
  // The attacker creates the segment first. Then the rightful writer, root, finds it.
  as(kAttacker, [&]() -> std::string {
    auto mine = RawStateWriter::create(channel_, {.domain = domain()});
    if (mine) mine->write(bytes_of(whole_value(channel_.size, 5)));
    die();
  });
  const OtherWriter writer(domain(), channel_, [] {
    const gid_t group = kGroup;
    if (::setgroups(1, &group) != 0 || ::setegid(kGroup) != 0)
      throw std::runtime_error("setgroups");
  });
  const std::string attack = as(kAttacker, [&] { return forge(directory_.path()); }).text;
  const std::string said = as(kReader, [&] { return attach_and_read(domain(), channel_); }).text;
  EXPECT_FALSE(contains(said, "666")) << attack << ": " << said;
  tried(1, attack + ": " + said);
}

TEST_P(Trusting, NoReaderTakesAReplacedSegment) {
  {
    OtherWriter writer(domain(), channel_, [] { become(kWriter); });
    // Where the directory allows it, the attacker removes all files and becomes the writer.
    as(kAttacker, [&]() -> std::string {
      for (const char* file : {"evo_probe.ctl", "evo_probe.meta"}) {
        ::unlink((directory_.path() / file).c_str());
      }
      return "";
    });
    const std::string replaced = as(kAttacker, [&]() -> std::string {
                                   auto mine =
                                       RawStateWriter::create(channel_, {.domain = domain()});
                                   if (!mine) return outcome(mine);
                                   mine->write(bytes_of(whole_value(channel_.size, 666)));
                                   die();
                                 }).text;
    const std::string said = as(kReader, [&] { return attach_and_read(domain(), channel_); }).text;
    EXPECT_NE(said, "666") << replaced;
    tried(1, said);
  }
}

TEST_P(Trusting, NobodyIsKilledByAPlantedFile) {
  if (!place().group_may_make_files) GTEST_SKIP() << "no other user may create files here";
  const Pipe planted;
  Child attacker([&]() -> std::string {
    become(kAttacker);
    const int fd = ::open((directory_.path() / "evo_bait.ctl").c_str(), O_CREAT | O_RDWR, 0660);
    if (fd < 0 || ::fchmod(fd, 0660) != 0) return "cannot plant";
    planted.write("x");
    for (;;) {
      static_cast<void>(::ftruncate(fd, 28672));
      static_cast<void>(::ftruncate(fd, 0));
    }
  });
  ASSERT_TRUE(planted.await_byte());
  const ChildResult victim = as(kWriter, [&]() -> std::string {
    ChannelDescription own = raw_channel("own", 64);
    const auto writer = RawStateWriter::create(own, {.domain = domain()});
    for (int i = 0; i < 300; ++i) {
      static_cast<void>(cleanup_orphaned_segments(domain(), {}));
      static_cast<void>(list_segments(domain()));
      static_cast<void>(fence_off_writer(domain(), "bait"));
    }
    return outcome(writer);
  });
  EXPECT_EQ(victim.status, 0) << "killed by signal " << WTERMSIG(victim.status);
  EXPECT_EQ(victim.text, "ok");
  tried(300, "cleanup, list and fence_off_writer survive a file that is truncated under them");
}

TEST_P(Trusting, NoFileIsRedirectedByAPlantedLink) {
  if (!place().group_may_make_files) GTEST_SKIP() << "no other user may create files here";
  const TemporaryDomain aside;
  ASSERT_EQ(::chmod(aside.path().c_str(), 0777), 0);
  const auto target = aside.path() / "target";
  for (const char* name : {"evo_probe.ctl", "evo_probe.meta", "evo_probe.meta.new"}) {
    const auto link = directory_.path() / name;
    ASSERT_EQ(as(kAttacker,
                 [&]() -> std::string {
                   return ::symlink(target.c_str(), link.c_str()) == 0 ? "planted" : "not planted";
                 })
                  .text,
              "planted");
    as(kWriter, [&]() -> std::string {
      return outcome(RawStateWriter::create(channel_, {.domain = domain()}));
    });
    EXPECT_FALSE(std::filesystem::exists(target)) << name;
    std::filesystem::remove(link);
  }
  tried(3, "the link's target is never made");
}

TEST_P(Trusting, OrphanStaysWhereOthersMayNotRemoveIt) {
  {
    OtherWriter writer(domain(), channel_, [] { become(kWriter); });
    writer.kill();
  }
  for (const uid_t user : {kAttacker, kStranger}) {
    as(user, [&]() -> std::string {
      for (const OnOrphan on_orphan : {OnOrphan::TakeOver, OnOrphan::Replace}) {
        static_cast<void>(
            RawStateWriter::create(channel_, {.domain = domain(), .on_orphan = on_orphan}));
      }
      static_cast<void>(cleanup_orphaned_segments(domain(), {.grace = std::chrono::seconds(0)}));
      return "";
    });
  }
  // In a directory that is not sticky, a member of the group may remove what it may open.
  const bool removable =
      place().owner == kWriter && place().group_may_make_files && channel_.access == Access::Group;
  const std::string left = as(kWriter, [&] { return attach_and_read(domain(), channel_); }).text;
  EXPECT_EQ(left, removable ? "NotFound" : "7");
  tried(2, "the orphan of another user: " + left);
}

std::string cell_name(const testing::TestParamInfo<std::tuple<Place, Access>>& cell) {
  const bool group = std::get<Access>(cell.param) == Access::Group;
  return std::string(std::get<Place>(cell.param).name) + (group ? "Group" : "Owner");
}

INSTANTIATE_TEST_SUITE_P(Domains, Trusting,
                         testing::Combine(testing::ValuesIn(kPlaces),
                                          testing::Values(Access::Owner, Access::Group)),
                         cell_name);

}  // namespace
}  // namespace evo::test
