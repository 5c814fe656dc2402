// SPDX-License-Identifier: Apache-2.0
/// Which users and groups may attach.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fault_matrix.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr uid_t kWriter = 1001;
constexpr uid_t kOther = 1002;
constexpr gid_t kGroup = 2000;
constexpr gid_t kOtherGroup = 3000;

class OtherUser : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
    // Like /dev/shm: every user may create files, and remove only their own.
    ASSERT_EQ(::chmod(directory_.path().c_str(), 01777), 0);
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 256);
};

void become(uid_t user, gid_t group) {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0 ||
      ::setresuid(user, user, user) != 0) {
    throw std::runtime_error("cannot become another user");
  }
}

/// A live writer of another user, while the test checks what other users can do.
class LiveWriter {
 public:
  LiveWriter(const Domain& domain, const ChannelDescription& channel)
      : child_([this, domain, channel]() -> std::string {
          become(kWriter, kGroup);
          RawStateWriter writer = make_writer(domain, channel);
          publish(writer, 7);
          ready_.write("x");
          ::pause();
          return "";
        }) {
    ready_.close_writing();
    if (!ready_.await_byte()) throw std::runtime_error("no writer: " + child_.join().text);
  }

 private:
  Pipe ready_;
  Child child_;
};

/// The outcomes of attach and create for such a user.
std::string ask_as(uid_t user, gid_t group, const Domain& domain,
                   const ChannelDescription& channel) {
  return in_child([&]() -> std::string {
           become(user, group);
           const auto second = RawStateWriter::create(channel, {.domain = domain});
           return attach_and_read(domain, channel) + " " + outcome(second);
         })
      .text;
}

TEST_F(OtherUser, IsRefusedWhereAccessIsTheOwners) {
  const LiveWriter writer(directory_.domain(), channel_);
  EXPECT_EQ(ask_as(kWriter, kGroup, directory_.domain(), channel_), "7 SegmentBusy");
  EXPECT_EQ(ask_as(kOther, kGroup, directory_.domain(), channel_),
            "PermissionDenied PermissionDenied");
  EXPECT_EQ(ask_as(kOther, kOtherGroup, directory_.domain(), channel_),
            "PermissionDenied PermissionDenied");
  EXPECT_EQ(ask_as(0, 0, directory_.domain(), channel_), "PermissionDenied PermissionDenied")
      << "root could open it, but does not trust what any user may have put there";
  tried(4, "access owner: the owner reads, others and root PermissionDenied");
}

TEST_F(OtherUser, ReadsWhereAccessIsTheGroups) {
  channel_.access = Access::Group;
  const LiveWriter writer(directory_.domain(), channel_);
  EXPECT_EQ(ask_as(kOther, kGroup, directory_.domain(), channel_), "7 SegmentBusy");
  EXPECT_EQ(ask_as(kOther, kOtherGroup, directory_.domain(), channel_),
            "PermissionDenied PermissionDenied");
  tried(2, "access group: same group reads, another PermissionDenied");
}

}  // namespace
}  // namespace evo::test
