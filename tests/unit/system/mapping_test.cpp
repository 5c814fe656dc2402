// SPDX-License-Identifier: Apache-2.0
/// Mappings, and what the memory options obtain.
#include "system/mapping.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "evo/detail/step_hook.hpp"
#include "evo/format.hpp"
#include "sanitizers.hpp"
#include "segments.hpp"
#include "system/file.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr std::size_t kSize = 3 * 4096;

class MappedFile : public testing::Test {
 protected:
  MappedFile()
      : fd_(::open((directory_.path() / "file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {
    if (::ftruncate(fd_.get(), kSize) != 0) throw std::runtime_error("ftruncate failed");
  }

  [[nodiscard]] detail::Mapping map(detail::Protection protection) const {
    auto mapping = detail::Mapping::map(fd_.get(), kSize, protection);
    if (!mapping) throw std::runtime_error(mapping.error().message);
    return std::move(*mapping);
  }

  TemporaryDomain directory_;
  detail::FileDescriptor fd_;
};

TEST_F(MappedFile, IsSharedBetweenMappings) {
  const detail::Mapping writable = map(detail::Protection::ReadWrite);
  const detail::Mapping readable = map(detail::Protection::Read);
  ASSERT_EQ(writable.size(), kSize);
  writable.data()[kSize - 1] = std::byte{7};
  EXPECT_EQ(readable.data()[kSize - 1], std::byte{7});
  EXPECT_EQ(readable.bytes().size(), kSize);
}

TEST_F(MappedFile, ReadOnlyMeansReadOnly) {
  const detail::Mapping readable = map(detail::Protection::Read);
  const ChildResult child = in_child([&]() -> std::string {
    auto again = detail::Mapping::map(fd_.get(), kSize, detail::Protection::Read);
    // Sanitizers would turn the signal into a report.
    ::signal(SIGSEGV, SIG_DFL);
    again->data()[0] = std::byte{1};
    return "written";
  });
  EXPECT_TRUE(child.killed_by(SIGSEGV)) << child.text;
}

TEST_F(MappedFile, ChildrenHaveZeroPagesInItsPlace) {
  const detail::Mapping mapping = map(detail::Protection::ReadWrite);
  mapping.data()[0] = std::byte{7};
  const ChildResult child = in_child([&]() -> std::string {
    const std::byte found = mapping.data()[0];
    mapping.data()[0] = std::byte{9};
    return found == std::byte{0} ? "zero" : "not zero";
  });
  EXPECT_EQ(child.text, "zero");
  EXPECT_EQ(mapping.data()[0], std::byte{7}) << "the child's store is private";
}

TEST_F(MappedFile, MovesAndUnmaps) {
  std::byte* address = nullptr;
  {
    detail::Mapping first = map(detail::Protection::Read);
    address = first.data();
    detail::Mapping second = std::move(first);
    EXPECT_EQ(second.data(), address);
    detail::Mapping third;
    third = std::move(second);
    EXPECT_EQ(third.data(), address);
    EXPECT_EQ(::msync(address, kSize, MS_ASYNC), 0);
  }
  EXPECT_NE(::msync(address, kSize, MS_ASYNC), 0);
}

TEST_F(MappedFile, CannotBeMadeOfABadDescriptor) {
  EXPECT_EQ(outcome(detail::Mapping::map(-1, kSize, detail::Protection::Read)), "Io");
  EXPECT_FALSE(detail::Mapping::map(fd_.get(), 0, detail::Protection::Read));
  const detail::FileDescriptor read_only(
      ::open((directory_.path() / "file").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(outcome(detail::Mapping::map(read_only.get(), kSize, detail::Protection::ReadWrite)),
            "PermissionDenied");
}

TEST_F(MappedFile, DefaultsPrefaultAndNothingElse) {
  detail::Mapping mapping = map(detail::Protection::ReadWrite);
  const auto report = mapping.apply({}, detail::Protection::ReadWrite);
  ASSERT_TRUE(report) << message_of(report);
  EXPECT_TRUE(report->prefaulted);
  EXPECT_FALSE(report->locked || report->huge_pages || report->numa_bound);
  EXPECT_EQ(report->note, "");
  std::array<unsigned char, 3> resident{};
  ASSERT_EQ(::mincore(mapping.data(), kSize, resident.data()), 0);
  for (const unsigned char page : resident) EXPECT_EQ(page & 1U, 1U);
}

TEST_F(MappedFile, NothingAskedForNothingDone) {
  detail::Mapping mapping = map(detail::Protection::ReadWrite);
  const auto report = mapping.apply({.prefault = false}, detail::Protection::ReadWrite);
  ASSERT_TRUE(report) << message_of(report);
  EXPECT_FALSE(report->prefaulted);
}

TEST_F(MappedFile, WhatIsNotToBeHadIsNoted) {
  detail::Mapping mapping = map(detail::Protection::ReadWrite);
  const auto report =
      mapping.apply({.huge_pages = true, .numa_node = 999}, detail::Protection::ReadWrite);
  ASSERT_TRUE(report) << message_of(report);
  EXPECT_FALSE(report->huge_pages) << "three pages are not a huge page";
  EXPECT_FALSE(report->numa_bound);
  EXPECT_TRUE(contains(report->note, "NUMA node 999")) << report->note;
  EXPECT_TRUE(contains(report->note, "huge pages")) << report->note;
  const auto absurd = mapping.apply({.numa_node = 1'000'000}, detail::Protection::ReadWrite);
  ASSERT_TRUE(absurd) << message_of(absurd);
  EXPECT_FALSE(absurd->numa_bound);
}

TEST_F(MappedFile, ReportsWhetherItWasBound) {
  detail::Mapping mapping = map(detail::Protection::ReadWrite);
  const auto report = mapping.apply({.numa_node = 0}, detail::Protection::ReadWrite);
  ASSERT_TRUE(report) << message_of(report);
  EXPECT_EQ(report->numa_bound, report->note.empty()) << report->note;
}

/// Drops the capability to lock without limit, so that the limit applies to root, too.
void drop_lock_capability() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return;
  data[CAP_IPC_LOCK / 32].effective &= ~(1U << (CAP_IPC_LOCK % 32));
  ::syscall(SYS_capset, &header, data.data());
}

/// Sanitizers replace mlock with a function that does nothing and succeeds.
class MemoryLock : public testing::Test {
 protected:
  void SetUp() override {
    if (is_sanitized()) GTEST_SKIP() << "sanitizers make mlock do nothing";
  }
};

void limit(__rlimit_resource resource, rlim_t value) {
  const rlimit both{value, value};
  if (::setrlimit(resource, &both) != 0) throw std::runtime_error("setrlimit failed");
}

TEST_F(MemoryLock, LocksOrSaysWhichLimitForbidsIt) {
  const TemporaryDomain directory;
  const WriterOptions options{.domain = directory.domain(), .memory = {.lock = true}};
  const auto with_limit = [&](rlim_t bytes) {
    return in_child([&]() -> std::string {
             drop_lock_capability();
             limit(RLIMIT_MEMLOCK, bytes);
             auto writer = RawStateWriter::create(raw_channel("locked", 20'000), options);
             if (!writer) return fmt::format("{}", writer.error());
             return writer->memory().locked ? "locked" : "not locked";
           })
        .text;
  };
  EXPECT_EQ(with_limit(1U << 20), "locked");
  const std::string refused = with_limit(4096);
  EXPECT_TRUE(refused.starts_with("ResourceExhausted: ")) << refused;
  EXPECT_TRUE(contains(refused, "RLIMIT_MEMLOCK is 4096 bytes")) << refused;
}

TEST_F(MemoryLock, RefusedCreateLeavesNothingBehind) {
  const TemporaryDomain directory;
  const ChildResult child = in_child([&]() -> std::string {
    drop_lock_capability();
    limit(RLIMIT_MEMLOCK, 0);
    return outcome(RawStateWriter::create(
        raw_channel("locked", 20'000), {.domain = directory.domain(), .memory = {.lock = true}}));
  });
  EXPECT_EQ(child.text, "ResourceExhausted");
  EXPECT_TRUE(directory.files().empty()) << fmt::format("{}", directory.files().front());
}

TEST_F(MemoryLock, RefusedTakeOverLeavesTheOrphanAlone) {
  const TemporaryDomain directory;
  leave_orphan(directory.domain(), raw_channel("locked", 8), 5);
  const ChildResult child = in_child([&]() -> std::string {
    drop_lock_capability();
    limit(RLIMIT_MEMLOCK, 0);
    return outcome(RawStateWriter::create(
        raw_channel("locked", 8), {.domain = directory.domain(), .memory = {.lock = true}}));
  });
  EXPECT_EQ(child.text, "ResourceExhausted");
  auto reader = RawStateReader::attach("locked", {.domain = directory.domain()});
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_EQ(read_number(*reader), "5");
  EXPECT_EQ(to_string(reader->writer_state()), "Dead");
}

TEST_F(MemoryLock, ReaderTooIsRefused) {
  const TemporaryDomain directory;
  auto writer = RawStateWriter::create(raw_channel("locked", 8), {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  const ChildResult child = in_child([&]() -> std::string {
    drop_lock_capability();
    limit(RLIMIT_MEMLOCK, 0);
    return outcome(
        RawStateReader::attach("locked", {.domain = directory.domain(), .memory = {.lock = true}}));
  });
  EXPECT_EQ(child.text, "ResourceExhausted");
}

}  // namespace
}  // namespace evo::test
