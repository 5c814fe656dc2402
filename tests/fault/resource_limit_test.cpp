// SPDX-License-Identifier: Apache-2.0
/// Limits of the process: each is an error that names it, leaves nothing behind, and costs an
/// orphan nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "fault_matrix.hpp"
#include "sanitizers.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

void limit(__rlimit_resource resource, rlim_t value) {
  const rlimit both{value, value};
  if (::setrlimit(resource, &both) != 0) throw std::runtime_error("setrlimit failed");
}

/// Lets this process open `count` more descriptors.
void allow_descriptors(rlim_t count) {
  const int lowest_free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(lowest_free);
  limit(RLIMIT_NOFILE, static_cast<rlim_t>(lowest_free) + count);
}

/// Lets this process map `bytes` more.
void allow_memory(rlim_t bytes) {
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  limit(RLIMIT_AS, pages * static_cast<rlim_t>(::getpagesize()) + bytes);
}

class ResourceLimit : public testing::Test {
 protected:
  // Both functions below read the test's members before `restrict()`, because a sanitizer needs a
  // descriptor to check an object with virtual functions.

  /// The outcome of create in a child that called `restrict()` first. A segment that it creates is
  /// closed again.
  template <class Restrict>
  std::string create_under(Restrict&& restrict, OnOrphan on_orphan = OnOrphan::TakeOver) const {
    const WriterOptions options{
        .domain = directory_.domain(), .memory = memory_, .on_orphan = on_orphan};
    return in_child([&, channel = channel_]() -> std::string {
             restrict();
             auto writer = RawStateWriter::create(channel, options);
             if (!writer) return outcome(writer);
             return "ok from " + std::to_string(writer->current_version() / 2);
           })
        .text;
  }

  /// What a reader receives in such a child.
  template <class Restrict>
  std::string attach_under(Restrict&& restrict) const {
    const ReaderOptions options{.domain = directory_.domain(), .memory = memory_};
    return in_child([&, channel = channel_]() -> std::string {
             restrict();
             auto reader = RawStateReader::attach(channel, options);
             return reader ? read_whole(*reader) : outcome(reader);
           })
        .text;
  }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 1 << 20);
  MemoryOptions memory_;
};

TEST_F(ResourceLimit, OfDescriptors) {
  std::size_t tries = 0;
  std::string last;
  for (rlim_t count = 0; count < 20 && last != "ok from 0"; ++count, ++tries) {
    last = create_under([&] { allow_descriptors(count); });
    ASSERT_TRUE(last == "ok from 0" || last == "ResourceExhausted") << count << ": " << last;
    ASSERT_TRUE(directory_.files().empty()) << count;
  }
  EXPECT_EQ(last, "ok from 0");
  leave_whole_orphan(directory_.domain(), channel_, 7);
  last.clear();
  for (rlim_t count = 0; count < 20 && last != "7"; ++count, ++tries) {
    last = attach_under([&] { allow_descriptors(count); });
    ASSERT_TRUE(last == "7" || last == "ResourceExhausted") << count << ": " << last;
  }
  EXPECT_EQ(last, "7");
  for (rlim_t count = 0; count < 20 && last != "ok from 7"; ++count, ++tries) {
    ASSERT_EQ(attach_and_read(directory_.domain(), channel_), "7") << count;
    last = create_under([&] { allow_descriptors(count); });
    ASSERT_TRUE(last == "ok from 7" || last == "ResourceExhausted") << count << ": " << last;
  }
  EXPECT_EQ(last, "ok from 7");
  tried(tries, "EMFILE: ResourceExhausted, nothing left, the orphan keeps its value");
}

TEST_F(ResourceLimit, OfAddressSpace) {
  if (is_sanitized()) GTEST_SKIP() << "a sanitizer needs the address space for itself";
  // Less than the length of the data file, but enough for everything else.
  const auto restrict = [] { allow_memory(512 * 1024); };
  EXPECT_EQ(create_under(restrict), "ResourceExhausted");
  EXPECT_TRUE(directory_.files().empty());
  leave_whole_orphan(directory_.domain(), channel_, 7);
  EXPECT_EQ(attach_under(restrict), "ResourceExhausted");
  EXPECT_EQ(create_under(restrict, OnOrphan::Replace), "ResourceExhausted");
  EXPECT_EQ(attach_and_read(directory_.domain(), channel_), "7") << "after a failed replacement";
  EXPECT_EQ(create_under(restrict), "ResourceExhausted");
  EXPECT_EQ(attach_and_read(directory_.domain(), channel_), "7") << "after a failed takeover";
  EXPECT_EQ(works_again(directory_.domain(), channel_), "ok");
  tried(4, "ENOMEM: ResourceExhausted, nothing left, the orphan keeps its value");
}

TEST_F(ResourceLimit, OfLockedMemory) {
  if (is_sanitized()) GTEST_SKIP() << "a sanitizer makes mlock do nothing";
  memory_.lock = true;
  constexpr uid_t kNobody = 65534;
  if (::geteuid() == 0) {  // root may lock any amount
    ASSERT_EQ(::chown(directory_.path().c_str(), kNobody, kNobody), 0);
  }
  const auto become_nobody = [] {
    if (::geteuid() == 0 && (::setresgid(kNobody, kNobody, kNobody) != 0 ||
                             ::setresuid(kNobody, kNobody, kNobody) != 0)) {
      throw std::runtime_error("cannot become nobody");
    }
  };
  const auto restrict = [&] {
    limit(RLIMIT_MEMLOCK, 64 * 1024);
    become_nobody();
  };
  EXPECT_EQ(create_under(restrict), "ResourceExhausted");
  EXPECT_TRUE(directory_.files().empty());
  const ChildResult orphan = in_child([&]() -> std::string {
    become_nobody();
    leave_whole_orphan(directory_.domain(), channel_, 7);
    return "left";
  });
  ASSERT_EQ(orphan.text, "left");
  EXPECT_EQ(attach_under(restrict), "ResourceExhausted");
  EXPECT_EQ(create_under(restrict), "ResourceExhausted");
  memory_.lock = false;
  EXPECT_EQ(attach_under(restrict), "7") << "after a failed takeover";
  EXPECT_EQ(create_under(restrict), "ok from 7");
  tried(3, "mlock refused: ResourceExhausted, nothing left, the orphan keeps its value");
}

TEST_F(ResourceLimit, OfFileSize) {
  std::size_t tries = 0;
  for (const rlim_t bytes : {0UL, 1UL, 4096UL, 8192UL, 1UL << 20, (4UL << 20) + 4095}) {
    const auto restrict = [&] { limit(RLIMIT_FSIZE, bytes); };
    ASSERT_EQ(create_under(restrict), "ResourceExhausted") << bytes;
    ASSERT_TRUE(directory_.files().empty()) << bytes;
    leave_whole_orphan(directory_.domain(), channel_, 7);
    ASSERT_EQ(create_under(restrict, OnOrphan::Replace), "ResourceExhausted") << bytes;
    ASSERT_EQ(attach_under(restrict), "7") << bytes << ": after a failed replacement";
    ASSERT_EQ(create_under(restrict), "ok from 7") << bytes << ": a takeover creates no data file";
    tries += 3;
  }
  tried(tries, "ResourceExhausted, no SIGXFSZ, the orphan is taken over all the same");
}

}  // namespace
}  // namespace evo::test
