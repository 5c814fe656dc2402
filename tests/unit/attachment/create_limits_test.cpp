// SPDX-License-Identifier: Apache-2.0
/// Create at its limits: file size, descriptors, a full file system.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <stdexcept>

#include "attachment/create_fixture.hpp"

namespace evo::test {
namespace {

void set_limit(__rlimit_resource resource, rlim_t value) {
  rlimit both{};
  ::getrlimit(resource, &both);
  both.rlim_cur = value;
  if (::setrlimit(resource, &both) != 0) throw std::runtime_error("setrlimit failed");
}

TEST_F(Create, FileSizeLimitIsAnErrorThatLeavesNothing) {
  for (const rlim_t bytes : {0UL, 100UL, 4096UL, 28671UL, 28672UL, 65536UL, 106496UL}) {
    const ChildResult child = in_child([&]() -> std::string {
      set_limit(RLIMIT_FSIZE, bytes);
      return outcome(create(raw_channel("probe", 100'000, 2)));
    });
    EXPECT_EQ(child.text, "ResourceExhausted") << bytes;
    EXPECT_EQ(child.status, 0) << bytes;
    EXPECT_TRUE(directory_.files().empty()) << bytes;
  }
}

TEST_F(Create, TakeoverNeedsNoFileSize) {
  leave_orphan(directory_.domain(), channel_, 7);
  const std::uint64_t token = incarnation();
  const ChildResult child = in_child([&]() -> std::string {
    set_limit(RLIMIT_FSIZE, 0);
    auto writer = create(channel_);
    if (!writer) return message_of(writer);
    const std::string text = std::to_string(writer->current_version());
    die();
    return text;
  });
  EXPECT_TRUE(child.killed_by(SIGKILL)) << "by itself, not by SIGXFSZ; " << child.text;
  EXPECT_EQ(read_number(attach().value()), "7");
  EXPECT_GT(incarnation(), token) << "it was taken over";
}

/// Lets this process open `count` more descriptors.
void allow_descriptors(rlim_t count) {
  const int lowest_free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(lowest_free);
  set_limit(RLIMIT_NOFILE, static_cast<rlim_t>(lowest_free) + count);
}

TEST_F(Create, TooFewDescriptorsIsAnErrorThatLeavesNothing) {
  std::string last;
  for (rlim_t count = 0; count < 20 && last != "ok"; ++count) {
    last = in_child([&]() -> std::string {
             allow_descriptors(count);
             return outcome(create(channel_));
           }).text;
    EXPECT_TRUE(last == "ok" || last == "ResourceExhausted") << count << ": " << last;
    EXPECT_TRUE(directory_.files().empty()) << count;
  }
  EXPECT_EQ(last, "ok");
}

TEST_F(Create, TooFewDescriptorsNeverCostTheOrphanItsValue) {
  std::string last;
  for (rlim_t count = 0; count < 20 && last != "ok"; ++count) {
    if (directory_.files().empty()) leave_orphan(directory_.domain(), channel_, 7);
    last = in_child([&]() -> std::string {
             allow_descriptors(count);
             auto writer = create(channel_);
             if (writer && writer->current_version() != 14) return "lost the value";
             return outcome(writer);
           }).text;
    EXPECT_TRUE(last == "ok" || last == "ResourceExhausted") << count << ": " << last;
    if (last != "ok") {
      auto reader = attach();
      ASSERT_TRUE(reader) << count << ": " << message_of(reader);
      EXPECT_EQ(read_number(*reader), "7") << count;
    }
  }
  EXPECT_EQ(last, "ok");
}

TEST_F(Create, ReaderWithTooFewDescriptorsIsToldSo) {
  auto writer = create(channel_);
  ASSERT_TRUE(writer) << message_of(writer);
  std::string last;
  for (rlim_t count = 0; count < 20 && last != "ok"; ++count) {
    last = in_child([&]() -> std::string {
             allow_descriptors(count);
             return outcome(attach());
           }).text;
    EXPECT_TRUE(last == "ok" || last == "ResourceExhausted") << count << ": " << last;
  }
  EXPECT_EQ(last, "ok");
}

/// A file system of 1 MiB, for root.
class SmallFileSystem : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a file system";
    mounted_ = ::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, "size=1m,mode=0700") == 0;
    if (!mounted_) GTEST_SKIP() << "this root may not mount a file system";
  }
  ~SmallFileSystem() override {
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }

  TemporaryDomain directory_;
  bool mounted_ = false;
};

TEST_F(SmallFileSystem, FullOneIsNoSpaceAndLeavesNothing) {
  const auto writer = RawStateWriter::create("large", 1 << 20, {.domain = directory_.domain()});
  EXPECT_EQ(outcome(writer), "NoSpace");
  EXPECT_TRUE(contains(message_of(writer), "free space")) << message_of(writer);
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(SmallFileSystem, NoSpaceAtAnyPointLeavesWhatWasThere) {
  // Leave one more page free in each round, so that create fails at each of its steps.
  const ChannelDescription channel = raw_channel("probe", 8);
  const int filler = ::open((directory_.path() / "filler").c_str(), O_CREAT | O_RDWR, 0600);
  ASSERT_GE(filler, 0);
  std::string last;
  for (off_t free_pages = 0; free_pages < 20 && last != "ok"; ++free_pages) {
    ASSERT_EQ(::ftruncate(filler, 0), 0);
    ASSERT_EQ(::posix_fallocate(filler, 0, (256 - free_pages) * 4096), 0);
    {
      const auto writer = RawStateWriter::create(channel, {.domain = directory_.domain()});
      last = outcome(writer);
    }
    EXPECT_TRUE(last == "ok" || last == "NoSpace") << free_pages << ": " << last;
    EXPECT_EQ(directory_.files(), std::vector<std::string>{"filler"}) << free_pages;
  }
  EXPECT_EQ(last, "ok");

  // An orphan is taken over even with no free space at all, and survives a failed replacement.
  leave_orphan(directory_.domain(), channel, 7);
  ASSERT_EQ(::ftruncate(filler, 0), 0);
  for (int pages = 256; pages > 0; --pages) {
    if (::posix_fallocate(filler, 0, pages * 4096) == 0) break;
  }
  EXPECT_EQ(outcome(RawStateWriter::create(
                channel, {.domain = directory_.domain(), .on_orphan = OnOrphan::Replace})),
            "NoSpace");
  auto reader = RawStateReader::attach("probe", {.domain = directory_.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "7");
  auto writer = RawStateWriter::create(channel, {.domain = directory_.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(writer->current_version(), 14U);
  ::close(filler);
}

}  // namespace
}  // namespace evo::test
